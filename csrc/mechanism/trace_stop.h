/* trace_stop.h - a stop by ptrace(2), as the tracer and its pool know it. */
#ifndef SPOOF_TRACE_STOP_H
#define SPOOF_TRACE_STOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arch/registers.h"

#define TRACE_PENDING 8192

/* What a stop is known by. Only the tracer may change a tracee, but any thread may serve: what is
 * to be written waits here for the tracer. */
struct trace_stop {
    struct registers registers;
    bool ended;               /* the call has written all that it writes */
    const _Atomic bool *over; /* of another thread: has the tracer seen its end? NULL: the tracer */
    uint64_t address;
    size_t length; /* 0: nothing to write */
    uint8_t bytes[TRACE_PENDING];
};

#endif
