/* blob_parts.c - the parts that a blob is put together from.
 * Rule: offsets are aligned to what lies there; a failed allocation is told by builder->failed. */
#include "blob_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool append(struct spoof_builder *builder, struct bytes *to, const void *data, size_t length) {
    if (bytes_put(to, data, length))
        return true;
    builder->failed = ENOMEM;
    return false;
}

int32_t append_copy(struct spoof_builder *builder, struct bytes *to, const char *text) {
    char *copy = strdup(text);
    if (!copy)
        return -(builder->failed = ENOMEM);
    if (!append(builder, to, &copy, sizeof copy)) {
        free(copy);
        return -ENOMEM;
    }
    return 0;
}

void free_texts(struct bytes *texts) {
    char **text = (char **)(void *)texts->data;
    for (size_t i = 0; i < count_of(texts, sizeof *text); i++)
        free(text[i]);
    free(texts->data);
}

uint32_t literal_bytes(const char *glob) {
    uint32_t literals = 0;
    for (; *glob; glob++) {
        if (*glob == '*' || *glob == '?')
            continue;
        if (*glob == '\\' && glob[1])
            glob++;
        literals++;
    }
    return literals;
}

static void align(struct spoof_builder *builder, struct bytes *blob) {
    static const uint8_t zeros[8];
    append(builder, blob, zeros, (8 - blob->length % 8) % 8);
}

struct blob_list put_list(struct spoof_builder *builder, struct bytes *blob, const void *data,
                          size_t element, size_t count) {
    align(builder, blob);
    struct blob_list list = {(uint32_t)blob->length, (uint32_t)count};
    append(builder, blob, data, element * count);
    return list;
}

struct blob_list put_gathered(struct spoof_builder *builder, struct bytes *blob,
                              struct bytes *gathered, size_t element) {
    struct blob_list list =
        put_list(builder, blob, gathered->data, element, count_of(gathered, element));
    free(gathered->data);
    *gathered = (struct bytes){0};
    return list;
}

uint32_t put_text(struct spoof_builder *builder, struct bytes *blob, const char *text) {
    uint32_t offset = (uint32_t)blob->length;
    append(builder, blob, text, strlen(text) + 1);
    return offset;
}

struct blob_list put_texts(struct spoof_builder *builder, struct bytes *blob,
                           const struct bytes *texts) {
    char **text = (char **)(void *)texts->data;
    struct bytes offsets = {0};
    for (size_t i = 0; i < count_of(texts, sizeof *text); i++) {
        uint32_t offset = put_text(builder, blob, text[i]);
        append(builder, &offsets, &offset, sizeof offset);
    }
    return put_gathered(builder, blob, &offsets, sizeof(uint32_t));
}
