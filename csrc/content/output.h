/* output.h - text that grows.
 * Rule: after a failure (no memory) what was put before is still there, and still to be freed. */
#ifndef SPOOF_OUTPUT_H
#define SPOOF_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct output {
    char *text; /* malloc'ed, or NULL */
    size_t length, capacity;
};

/* Makes room for this many bytes in all. False: no memory. */
bool output_reserve(struct output *output, size_t capacity);
bool output_put(struct output *output, const char *bytes, size_t length);

#endif
