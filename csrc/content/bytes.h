/* bytes.h - bytes that grow: text, or an array of anything.
 * Rule: after a failure (no memory) what was put before is still there, and still to be freed. */
#ifndef SPOOF_BYTES_H
#define SPOOF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *data; /* malloc'ed, or NULL */
    size_t length, capacity;
};

/* Makes room for this many bytes in all. False: no memory. */
bool bytes_reserve(struct bytes *bytes, size_t capacity);
bool bytes_put(struct bytes *bytes, const void *from, size_t length);

/* FNV-1a, to find bytes again: who wants to can make two that are the same, so they are to be
 * compared, too. */
#define DIGEST_BEGIN 0xcbf29ce484222325U
uint64_t bytes_digest(uint64_t digest, const void *bytes, size_t length);

#endif
