/* clock.h - time in the unit of log lines and of poll(2). */
#ifndef SPOOF_CLOCK_H
#define SPOOF_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds of a clock. */
static inline int64_t clock_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
