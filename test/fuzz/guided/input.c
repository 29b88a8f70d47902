/* input.c - what all targets need. Rule: as in input.h. */
#include "input.h"

#include <stdarg.h>
#include <stdio.h>

#include "../../../csrc/policy/blob.h"

#define MOST_ROOMS 256

static void *rooms[MOST_ROOMS];
static size_t room_count;

uint64_t take(struct input *input, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && input->left > 0; i++, input->left--)
        value |= (uint64_t)*input->at++ << 8 * i;
    return value;
}

uint32_t choose(struct input *input, uint32_t below) {
    return (uint32_t)take(input, 1) % below;
}

void *room(size_t size) {
    if (room_count == MOST_ROOMS)
        abort();
    return rooms[room_count++] = malloc(size ? size : 1);
}

void end_input(void) {
    while (room_count > 0)
        free(rooms[--room_count]);
}

char *take_text(struct input *input, size_t longest) {
    size_t length = strnlen((const char *)input->at, input->left < longest ? input->left : longest);
    char *text = room(length + 1);
    memcpy(text, input->at, length);
    text[length] = '\0';
    input->at += length;
    input->left -= length;
    if (input->left > 0 && *input->at == '\0')
        take(input, 1);
    return text;
}

char *take_rest(struct input *input, size_t *length) {
    char *rest = room(input->left);
    *length = input->left;
    memcpy(rest, input->at, input->left);
    input->left = 0;
    return rest;
}

const uint8_t *built(struct spoof_builder *builder, size_t *length) {
    int64_t size = spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = size > 0 ? room((size_t)size) : NULL;
    if (blob)
        MUST(spoof_builder_finish(builder, blob, (uint64_t)size) == size, "written as told");
    spoof_builder_free(builder);
    if (!blob)
        return NULL;
    const char *fault = blob_check(blob, (uint64_t)size);
    MUST(!fault, "a blob that was built is refused: %s", fault);
    *length = (size_t)size;
    return blob;
}

_Noreturn void broken(const char *condition, const char *file, int line, const char *format, ...) {
    va_list arguments;
    fprintf(stderr, "%s:%d: %s does not hold: ", file, line, condition);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

void read_all_of(const void *bytes, size_t length) {
    static volatile uint8_t sum;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
}

void read_text(const char *text) {
    if (text)
        read_all_of(text, strlen(text));
}

/* Only bundle/held.c asks for it. */
int __wrap_asprintf(char **text, const char *format, ...);
int __wrap_asprintf(char **text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    if (length >= 0 && room_count < MOST_ROOMS)
        rooms[room_count++] = *text;
    return length;
}
