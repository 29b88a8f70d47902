/* wait_calls.c - the table of calls that wait. Rule: numbers are the kernel's, from the unistd.h of
 * each ABI; a call that is not here keeps its EINTR. */
#include "wait_calls.h"

#include <errno.h>
#include <stddef.h>

#include "arch.h"

#define OWN ARCH_AUDIT
#define COMPAT ARCH_COMPAT_AUDIT

static const struct wait_call table[] = {
#if defined(__x86_64__)
    {OWN, 232, WAIT_MILLISECONDS, 3, 0},    /* epoll_wait */
    {OWN, 281, WAIT_MILLISECONDS, 3, 0},    /* epoll_pwait */
    {OWN, 441, WAIT_TIMESPEC, 3, 0},        /* epoll_pwait2 */
    {OWN, 128, WAIT_TIMESPEC, 2, -EAGAIN},  /* rt_sigtimedwait */
    {OWN, 65, WAIT_FOREVER, 0, 0},          /* semop */
    {OWN, 220, WAIT_TIMESPEC, 3, -EAGAIN},  /* semtimedop */
    {OWN, 208, WAIT_TIMESPEC, 4, 0},        /* io_getevents */
    {OWN, 426, WAIT_URING, 0, -ETIME},      /* io_uring_enter */
    {OWN, 0, WAIT_RECEIVES, 0, -EAGAIN},    /* read */
    {OWN, 19, WAIT_RECEIVES, 0, -EAGAIN},   /* readv */
    {OWN, 45, WAIT_RECEIVES, 0, -EAGAIN},   /* recvfrom */
    {OWN, 47, WAIT_RECEIVES, 0, -EAGAIN},   /* recvmsg */
    {OWN, 299, WAIT_RECEIVES, 0, -EAGAIN},  /* recvmmsg */
    {OWN, 43, WAIT_RECEIVES, 0, -EAGAIN},   /* accept */
    {OWN, 288, WAIT_RECEIVES, 0, -EAGAIN},  /* accept4 */
    {OWN, 1, WAIT_SENDS, 0, -EAGAIN},       /* write */
    {OWN, 20, WAIT_SENDS, 0, -EAGAIN},      /* writev */
    {OWN, 44, WAIT_SENDS, 0, -EAGAIN},      /* sendto */
    {OWN, 46, WAIT_SENDS, 0, -EAGAIN},      /* sendmsg */
    {OWN, 307, WAIT_SENDS, 0, -EAGAIN},     /* sendmmsg */
    {OWN, 42, WAIT_SENDS, 0, -EINPROGRESS}, /* connect */

    {COMPAT, 256, WAIT_MILLISECONDS, 3, 0},     /* epoll_wait */
    {COMPAT, 319, WAIT_MILLISECONDS, 3, 0},     /* epoll_pwait */
    {COMPAT, 441, WAIT_TIMESPEC, 3, 0},         /* epoll_pwait2 */
    {COMPAT, 177, WAIT_TIMESPEC32, 2, -EAGAIN}, /* rt_sigtimedwait */
    {COMPAT, 421, WAIT_TIMESPEC, 2, -EAGAIN},   /* rt_sigtimedwait_time64 */
    {COMPAT, 420, WAIT_TIMESPEC, 3, -EAGAIN},   /* semtimedop_time64 */
    {COMPAT, 117, WAIT_IPC, 0, -EAGAIN},        /* ipc: semop, semtimedop */
    {COMPAT, 247, WAIT_TIMESPEC32, 4, 0},       /* io_getevents */
    {COMPAT, 426, WAIT_URING, 0, -ETIME},       /* io_uring_enter */
    {COMPAT, 102, WAIT_SOCKETCALL, 0, -EAGAIN}, /* socketcall */
    {COMPAT, 3, WAIT_RECEIVES, 0, -EAGAIN},     /* read */
    {COMPAT, 145, WAIT_RECEIVES, 0, -EAGAIN},   /* readv */
    {COMPAT, 371, WAIT_RECEIVES, 0, -EAGAIN},   /* recvfrom */
    {COMPAT, 372, WAIT_RECEIVES, 0, -EAGAIN},   /* recvmsg */
    {COMPAT, 337, WAIT_RECEIVES, 0, -EAGAIN},   /* recvmmsg */
    {COMPAT, 417, WAIT_RECEIVES, 0, -EAGAIN},   /* recvmmsg_time64 */
    {COMPAT, 364, WAIT_RECEIVES, 0, -EAGAIN},   /* accept4 */
    {COMPAT, 4, WAIT_SENDS, 0, -EAGAIN},        /* write */
    {COMPAT, 146, WAIT_SENDS, 0, -EAGAIN},      /* writev */
    {COMPAT, 369, WAIT_SENDS, 0, -EAGAIN},      /* sendto */
    {COMPAT, 370, WAIT_SENDS, 0, -EAGAIN},      /* sendmsg */
    {COMPAT, 345, WAIT_SENDS, 0, -EAGAIN},      /* sendmmsg */
    {COMPAT, 362, WAIT_SENDS, 0, -EINPROGRESS}, /* connect */
#elif defined(__aarch64__)
    {OWN, 22, WAIT_MILLISECONDS, 3, 0},      /* epoll_pwait */
    {OWN, 441, WAIT_TIMESPEC, 3, 0},         /* epoll_pwait2 */
    {OWN, 137, WAIT_TIMESPEC, 2, -EAGAIN},   /* rt_sigtimedwait */
    {OWN, 193, WAIT_FOREVER, 0, 0},          /* semop */
    {OWN, 192, WAIT_TIMESPEC, 3, -EAGAIN},   /* semtimedop */
    {OWN, 4, WAIT_TIMESPEC, 4, 0},           /* io_getevents */
    {OWN, 426, WAIT_URING, 0, -ETIME},       /* io_uring_enter */
    {OWN, 63, WAIT_RECEIVES, 0, -EAGAIN},    /* read */
    {OWN, 65, WAIT_RECEIVES, 0, -EAGAIN},    /* readv */
    {OWN, 207, WAIT_RECEIVES, 0, -EAGAIN},   /* recvfrom */
    {OWN, 212, WAIT_RECEIVES, 0, -EAGAIN},   /* recvmsg */
    {OWN, 243, WAIT_RECEIVES, 0, -EAGAIN},   /* recvmmsg */
    {OWN, 202, WAIT_RECEIVES, 0, -EAGAIN},   /* accept */
    {OWN, 242, WAIT_RECEIVES, 0, -EAGAIN},   /* accept4 */
    {OWN, 64, WAIT_SENDS, 0, -EAGAIN},       /* write */
    {OWN, 66, WAIT_SENDS, 0, -EAGAIN},       /* writev */
    {OWN, 206, WAIT_SENDS, 0, -EAGAIN},      /* sendto */
    {OWN, 211, WAIT_SENDS, 0, -EAGAIN},      /* sendmsg */
    {OWN, 269, WAIT_SENDS, 0, -EAGAIN},      /* sendmmsg */
    {OWN, 203, WAIT_SENDS, 0, -EINPROGRESS}, /* connect */
#endif
};

const struct wait_call *wait_call(uint32_t arch, int32_t number) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].number == number && table[i].arch == arch)
            return &table[i];
    return NULL;
}
