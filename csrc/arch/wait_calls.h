/* wait_calls.h - calls that wait, and that any signal ends with EINTR: signal(7), "never
 * restarted".
 */
#ifndef SPOOF_WAIT_CALLS_H
#define SPOOF_WAIT_CALLS_H

#include <stdint.h>

/* How long such a call waits. */
enum wait_time {
    WAIT_FOREVER,
    WAIT_MILLISECONDS, /* an argument; negative: for ever */
    WAIT_TIMESPEC,     /* an argument points at a struct __kernel_timespec, or is NULL */
    WAIT_TIMESPEC32,   /* ... at a struct old_timespec32 */
    WAIT_RECEIVES,     /* the first argument is a socket with SO_RCVTIMEO */
    WAIT_SENDS,        /* ... SO_SNDTIMEO */
    WAIT_URING,        /* io_uring_enter(2) */
    WAIT_IPC,          /* ipc(2) of i386 */
    WAIT_SOCKETCALL,   /* socketcall(2) of i386 */
};

struct wait_call {
    uint32_t arch;
    int32_t number;
    enum wait_time time;
    uint8_t argument;
    int32_t timed_out; /* what it returns then */
};

/* NULL: none of these. */
const struct wait_call *wait_call(uint32_t arch, int32_t number);

#endif
