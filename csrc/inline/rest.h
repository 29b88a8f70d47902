/* rest.h - how much of our time goes into programs that are to answer by themselves.
 * Rule: a small part. Of a program with very many mappings an attempt takes long; after such a one
 * none is made for twenty times as long. */
#ifndef SPOOF_REST_H
#define SPOOF_REST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../process/clock.h"

#define REST_TIMES 20
#define REST_LONG_MS 10 /* in gVisor time goes on by as much */

/* CLOCK_MONOTONIC, in milliseconds; 0: none yet. */
struct rest {
    _Atomic int64_t until;
};

static inline bool rest_goes_on(const struct rest *rest) {
    const int64_t until = atomic_load_explicit(&rest->until, memory_order_relaxed);
    return until != 0 && clock_ms(CLOCK_MONOTONIC) < until;
}

static inline int64_t rest_begin(void) {
    return clock_ms(CLOCK_THREAD_CPUTIME_ID);
}

/* `began`: rest_begin(). */
static inline void rest_note(struct rest *rest, int64_t began) {
    const int64_t took = clock_ms(CLOCK_THREAD_CPUTIME_ID) - began;
    if (took > REST_LONG_MS)
        atomic_store_explicit(&rest->until, clock_ms(CLOCK_MONOTONIC) + took * REST_TIMES,
                              memory_order_relaxed);
}

#endif
