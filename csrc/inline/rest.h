/* rest.h - how much of our time goes into programs that are to answer by themselves.
 * Rule: a small part. Of a program with very many mappings an attempt takes long, and so do all
 * beside very many processes. Each is paid for by twenty times as long without one, in arrears; a
 * program that begins makes some twenty. */
#ifndef SPOOF_REST_H
#define SPOOF_REST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../process/clock.h"

#define REST_TIMES 20
#define REST_ARREARS_MS 50 /* may be owed; in gVisor time goes on by 10 */

/* When all is paid: CLOCK_MONOTONIC, in milliseconds. */
struct rest {
    _Atomic int64_t until;
};

static inline bool rest_goes_on(const struct rest *rest) {
    const int64_t until = atomic_load_explicit(&rest->until, memory_order_relaxed);
    return until - clock_ms(CLOCK_MONOTONIC) > (int64_t)REST_ARREARS_MS * REST_TIMES;
}

static inline int64_t rest_begin(void) {
    return clock_ms(CLOCK_THREAD_CPUTIME_ID);
}

/* `began`: rest_begin(). */
static inline void rest_note(struct rest *rest, int64_t began) {
    const int64_t took = clock_ms(CLOCK_THREAD_CPUTIME_ID) - began;
    const int64_t now = clock_ms(CLOCK_MONOTONIC);
    const int64_t until = atomic_load_explicit(&rest->until, memory_order_relaxed);
    atomic_store_explicit(&rest->until, (until > now ? until : now) + took * REST_TIMES,
                          memory_order_relaxed);
}

#endif
