/* notify.h - stopped calls by seccomp user notification, seccomp_unotify(2). */
#ifndef SPOOF_NOTIFY_H
#define SPOOF_NOTIFY_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "../arch/kernel.h"
#include "../tracee/stopped_call.h"

/* What a stop is known by. */
struct notify_stop {
    int listener;
    uint64_t id;
};

/* Installs the filter that stops these groups of calls (filter.h), and returns the listener
 * (O_CLOEXEC), or -errno. `killable`: ask for WAIT_KILLABLE_RECV, Linux 5.19; -EINVAL without it.
 * `agent`: as in filter.h; only with `killable`. */
int notify_install(uint32_t groups, bool killable, uint64_t agent);
/* Asks for the fast wake-up of Linux 6.6; older kernels lack it, which only costs time. */
bool notify_wake_synchronously(int listener);
/* Is there a call that nobody has received? */
bool notify_is_waiting(int listener);
/* Waits for a call; `request` must be zero and is written by the kernel. 0 or -errno: -ENOENT is
 * normal (the caller was interrupted, or, since Linux 6.11, nobody is left: look for POLLHUP). */
int notify_receive(int listener, struct k_seccomp_notif *request);
/* Does poll(2) say of a listener that no filtered task is left? POLLERR says only that a signal, a
 * stop among them, came while it waited for the filter's lock (seccomp_notify_poll() of the
 * kernel).
 */
static inline bool notify_is_over(short revents) {
    return (revents & (POLLHUP | POLLNVAL)) != 0;
}
/* Is that so now? */
bool notify_nobody_is_left(int listener);
/* Puts a copy of `fd` with these flags (O_CLOEXEC or 0) into the program: its number there, which
 * the call is then to be answered with, or -errno: -ENOENT if the program is gone. The call still
 * waits, for SECCOMP_ADDFD_FLAG_SEND would mark it answered before the program takes the
 * descriptor: who is interrupted between the two leaves it with the value 0. Waits until the
 * program runs. */
int notify_add(struct stopped_call *call, int fd, uint32_t flags);
/* Can this kernel do that? Linux 5.9; asked by an id that nobody has. */
bool notify_can_add(int listener);
/* A stopped call for a received request. */
struct stopped_call notify_call(struct notify_stop *stop, const struct k_seccomp_notif *request);

#endif
