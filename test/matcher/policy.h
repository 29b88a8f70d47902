/* policy.h - what both tests of the matcher need: numbers at random, blobs, what globs are worth, time. */
#ifndef TEST_MATCHER_POLICY_H
#define TEST_MATCHER_POLICY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "../../csrc/spoof.h"
#include "../support/draw.h"

/* The blob of what was built; ends the program if there is none. The builder is freed. */
static inline uint8_t *finish_blob(struct spoof_builder *builder, size_t *length) {
    *length = (size_t)spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = malloc(*length);
    if (!blob || (size_t)spoof_builder_finish(builder, blob, *length) != *length)
        exit(2);
    spoof_builder_free(builder);
    return blob;
}

/* How many characters of a glob stand for themselves. */
static inline int literals(const char *glob) {
    int count = 0;
    for (; *glob; glob++) {
        if (*glob == '\\' && glob[1])
            glob++;
        else if (*glob == '*' || *glob == '?')
            continue;
        count++;
    }
    return count;
}

/* Processor time of this process, in nanoseconds: the load of the machine does not show in it. */
static inline double processor_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

#endif
