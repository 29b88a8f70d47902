/* bytes.c - growing bytes for the policy builder, and the parts that a blob is put together from.
 * Rule: offsets are aligned to what lies there; a failed allocation is told by builder->failed. */
#include "bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool append(struct spoof_builder *builder, struct bytes *to, const void *data, size_t length) {
    if (to->length + length > to->capacity) {
        size_t capacity = to->capacity ? to->capacity * 2 : 64;
        while (capacity < to->length + length)
            capacity *= 2;
        uint8_t *grown = realloc(to->data, capacity);
        if (!grown) {
            builder->failed = ENOMEM;
            return false;
        }
        to->data = grown;
        to->capacity = capacity;
    }
    if (length)
        memcpy(to->data + to->length, data, length);
    to->length += length;
    return true;
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
    struct blob_list list = put_list(builder, blob, offsets.data, sizeof(uint32_t),
                                     count_of(&offsets, sizeof(uint32_t)));
    free(offsets.data);
    return list;
}
