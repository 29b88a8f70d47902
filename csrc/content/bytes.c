/* bytes.c - bytes that grow. Rule: by doubling, so that its time is linear. */
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

bool bytes_reserve(struct bytes *bytes, size_t capacity) {
    if (bytes->data && capacity <= bytes->capacity)
        return true;
    char *grown = realloc(bytes->data, capacity ? capacity : 1);
    if (!grown)
        return false;
    bytes->data = grown;
    bytes->capacity = capacity;
    return true;
}

bool bytes_put(struct bytes *bytes, const void *from, size_t length) {
    size_t wanted = bytes->length + length;
    if (wanted > bytes->capacity || !bytes->data) {
        size_t doubled = bytes->capacity * 2;
        if (!bytes_reserve(bytes, wanted > doubled ? wanted + 64 : doubled))
            return false;
    }
    if (length)
        memcpy(bytes->data + bytes->length, from, length);
    bytes->length = wanted;
    return true;
}
