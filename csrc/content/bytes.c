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

uint64_t bytes_digest(uint64_t digest, const void *bytes, size_t length) {
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < length; i++)
        digest = (digest ^ byte[i]) * 0x100000001b3U;
    return digest;
}
