/* wait_time.h - how long a call would wait. */
#ifndef SPOOF_WAIT_TIME_H
#define SPOOF_WAIT_TIME_H

#include <stdint.h>
#include <sys/types.h>

#include "../arch/wait_calls.h"
#include "../tracee/stopped_call.h"

#define WAIT_TIME_SECOND 1000000000ULL /* in nanoseconds */
#define WAIT_TIME_MILLISECOND 1000000ULL
#define WAIT_TIME_FOREVER UINT64_MAX
#define WAIT_TIME_UNKNOWN 0

/* In nanoseconds, of a call of this thread group; *timed_out: what the call returns when they are
 * over. */
uint64_t wait_time(struct stopped_call *call, const struct wait_call *known, pid_t group,
                   int32_t *timed_out);

#endif
