/* output.c - text that grows. Rule: by doubling, so that its time is linear. */
#include "output.h"

#include <stdlib.h>
#include <string.h>

bool output_reserve(struct output *output, size_t capacity) {
    if (output->text && capacity <= output->capacity)
        return true;
    char *grown = realloc(output->text, capacity ? capacity : 1);
    if (!grown)
        return false;
    output->text = grown;
    output->capacity = capacity;
    return true;
}

bool output_put(struct output *output, const char *bytes, size_t length) {
    size_t wanted = output->length + length;
    if (wanted > output->capacity || !output->text) {
        size_t doubled = output->capacity * 2;
        if (!output_reserve(output, wanted > doubled ? wanted + 64 : doubled))
            return false;
    }
    if (length)
        memcpy(output->text + output->length, bytes, length);
    output->length = wanted;
    return true;
}
