/* wait_time.c - how long a call would wait: from its arguments, or from its socket.
 * Rule: nothing is changed. What cannot be known is said to be so; the call then keeps its EINTR.
 */
#include "wait_time.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../process/close_aside.h"

static uint64_t of_timespec(struct stopped_call *call, uint64_t address, bool narrow) {
    int64_t wide[2] = {0};
    int32_t half[2] = {0};
    if (address == 0)
        return WAIT_TIME_FOREVER;
    void *to = narrow ? (void *)half : (void *)wide;
    const size_t size = narrow ? sizeof half : sizeof wide;
    if (call->mechanism->read(call, address, to, size) != (ssize_t)size)
        return WAIT_TIME_UNKNOWN;
    const int64_t seconds = narrow ? half[0] : wide[0], rest = narrow ? half[1] : wide[1];
    if (seconds < 0 || rest < 0)
        return WAIT_TIME_UNKNOWN;
    return (uint64_t)seconds > WAIT_TIME_FOREVER / WAIT_TIME_SECOND / 2
               ? WAIT_TIME_FOREVER
               : (uint64_t)seconds * WAIT_TIME_SECOND + (uint64_t)rest;
}

/* SO_RCVTIMEO or SO_SNDTIMEO of a socket of the program. */
static uint64_t of_socket(pid_t group, int fd, int option, int32_t *timed_out) {
    struct timeval time = {0};
    socklen_t size = sizeof time, size_of_domain = sizeof(int);
    int domain = AF_UNSPEC;
    if (!close_aside_has_room())
        return WAIT_TIME_UNKNOWN;
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, group, 0);
    int copy = pidfd < 0 ? -1 : (int)syscall(K_NR_PIDFD_GETFD, pidfd, fd, 0);
    bool known = copy >= 0 && getsockopt(copy, SOL_SOCKET, option, &time, &size) == 0;
    if (known && *timed_out == -EINPROGRESS &&
        getsockopt(copy, SOL_SOCKET, SO_DOMAIN, &domain, &size_of_domain) == 0 && domain == AF_UNIX)
        *timed_out = -EAGAIN;
    if (copy >= 0)
        close_aside(copy); /* another file may have come to that number */
    if (pidfd >= 0)
        close(pidfd);
    return known ? (uint64_t)time.tv_sec * WAIT_TIME_SECOND + (uint64_t)time.tv_usec * 1000
                 : WAIT_TIME_UNKNOWN;
}

/* struct io_uring_getevents_arg */
static uint64_t of_uring(struct stopped_call *call) {
    const uint64_t extended = 1U << 3, absolute = 1U << 5; /* IORING_ENTER_* */
    struct {
        uint64_t mask;
        uint32_t size, rest;
        uint64_t time;
    } argument;
    if (!(call->arguments[3] & extended) || (call->arguments[3] & absolute))
        return WAIT_TIME_FOREVER;
    if (call->mechanism->read(call, call->arguments[4], &argument, sizeof argument) !=
        sizeof argument)
        return WAIT_TIME_UNKNOWN;
    return of_timespec(call, argument.time, false);
}

static uint64_t of_socketcall(struct stopped_call *call, pid_t group, int32_t *timed_out) {
    const uint64_t receives = 1U << 5 | 1U << 10 | 1U << 12 | 1U << 17 | 1U << 18 | 1U << 19;
    const uint64_t operation = call->arguments[0]; /* linux/net.h: SYS_ACCEPT, SYS_RECV, ... */
    const uint64_t connects = 3;
    uint32_t fd;
    if (operation > 20 ||
        call->mechanism->read(call, call->arguments[1], &fd, sizeof fd) != sizeof fd)
        return WAIT_TIME_UNKNOWN;
    if (operation == connects)
        *timed_out = -EINPROGRESS;
    return of_socket(group, (int)fd, receives & 1ULL << operation ? SO_RCVTIMEO : SO_SNDTIMEO,
                     timed_out);
}

uint64_t wait_time(struct stopped_call *call, const struct wait_call *known, pid_t group,
                   int32_t *timed_out) {
    const uint64_t argument = call->arguments[known->argument];
    *timed_out = known->timed_out;
    switch (known->time) {
    case WAIT_FOREVER:
        return WAIT_TIME_FOREVER;
    case WAIT_MILLISECONDS:
        return (int32_t)argument < 0 ? WAIT_TIME_FOREVER
                                     : (uint32_t)argument * WAIT_TIME_MILLISECOND;
    case WAIT_TIMESPEC:
    case WAIT_TIMESPEC32:
        return of_timespec(call, argument, known->time == WAIT_TIMESPEC32);
    case WAIT_RECEIVES:
        return of_socket(group, (int)argument, SO_RCVTIMEO, timed_out);
    case WAIT_SENDS:
        return of_socket(group, (int)argument, SO_SNDTIMEO, timed_out);
    case WAIT_URING:
        return of_uring(call);
    case WAIT_IPC: /* linux/ipc.h: SEMOP, SEMTIMEDOP */
        if ((argument & 0xffff) == 1)
            return WAIT_TIME_FOREVER;
        return (argument & 0xffff) == 4 ? of_timespec(call, call->arguments[5], true)
                                        : WAIT_TIME_UNKNOWN;
    case WAIT_SOCKETCALL:
        return of_socketcall(call, group, timed_out);
    }
    return WAIT_TIME_UNKNOWN;
}
