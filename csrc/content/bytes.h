/* bytes.h - bytes that grow: text, or an array of anything.
 * Rule: after a failure (no memory) what was put before is still there, and still to be freed. */
#ifndef SPOOF_BYTES_H
#define SPOOF_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    char *data; /* malloc'ed, or NULL */
    size_t length, capacity;
};

/* Makes room for this many bytes in all. False: no memory. */
bool bytes_reserve(struct bytes *bytes, size_t capacity);
bool bytes_put(struct bytes *bytes, const void *from, size_t length);

#endif
