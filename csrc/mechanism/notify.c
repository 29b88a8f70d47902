/* notify.c - seccomp user notification.
 * Rule: every id that was received is answered exactly once; a failed answer with ENOENT means that
 * the tracee is gone or its call restarts with a new id, so nothing is owed. */
#include "notify.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "../arch/call_table.h"
#include "../tracee/memory.h"
#include "../tracee/server.h"
#include "filter.h"

int notify_install(uint32_t groups, bool killable, uint64_t agent) {
    unsigned long flags = K_SECCOMP_FILTER_FLAG_NEW_LISTENER;
    /* Without `killable` a signal could end one of these with EINTR, which nobody expects. */
    if (killable) {
        groups |= filter_changes_of(groups);
        flags |= K_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    }
    return filter_install(groups, agent, K_SECCOMP_RET_USER_NOTIF, flags);
}

bool notify_wake_synchronously(int listener) {
    return ioctl(listener, K_SECCOMP_IOCTL_NOTIF_SET_FLAGS, K_SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) ==
           0;
}

int notify_receive(int listener, struct k_seccomp_notif *request) {
    return ioctl(listener, K_SECCOMP_IOCTL_NOTIF_RECV, request) == 0 ? 0 : -errno;
}

bool notify_is_waiting(int listener) {
    struct pollfd polled = {.fd = listener, .events = POLLIN};
    return poll(&polled, 1, 0) == 1 && (polled.revents & POLLIN) != 0;
}

bool notify_nobody_is_left(int listener) {
    struct pollfd polled = {.fd = listener};
    return poll(&polled, 1, 0) == 1 && notify_is_over(polled.revents);
}

/* A page may come from a FUSE server, or a userfaultfd(2), that takes its time. */
static bool may_touch(const struct stopped_call *call, uint64_t address, size_t length) {
    return !server_is_last(call->server) || memory_is_present(call->tid, address, length);
}

static ssize_t notify_read(struct stopped_call *call, uint64_t address, void *to, size_t length) {
    struct iovec local = {to, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};
    if (!may_touch(call, address, length))
        return -EBUSY;
    server_wait(call->server);
    ssize_t got = process_vm_readv(call->tid, &local, 1, &remote, 1, 0);
    int error = errno;
    server_go_on(call->server);
    return got < 0 ? -error : got;
}

static bool notify_still_stopped(struct stopped_call *call) {
    struct notify_stop *stop = call->stop;
    if (ioctl(stop->listener, K_SECCOMP_IOCTL_NOTIF_ID_VALID, &stop->id) == 0)
        return true;
    /* Before Linux 5.8 the number had the wrong direction. */
    return errno != ENOENT &&
           ioctl(stop->listener, K_SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR, &stop->id) == 0;
}

static int notify_write(struct stopped_call *call, uint64_t address, const void *from,
                        size_t length) {
    struct iovec local = {(void *)(uintptr_t)from, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};
    if (!may_touch(call, address, length))
        return -EBUSY;
    if (!notify_still_stopped(call))
        return -ESRCH;
    server_wait(call->server);
    ssize_t put = process_vm_writev(call->tid, &local, 1, &remote, 1, 0);
    int error = errno;
    server_go_on(call->server);
    if (put < 0)
        return -error;
    return (size_t)put == length ? 0 : -EFAULT;
}

static int respond(const struct notify_stop *stop, int64_t value, int32_t error, uint32_t flags) {
    struct k_seccomp_notif_resp response = {stop->id, value, error, flags};
    int result;
    do
        result = ioctl(stop->listener, K_SECCOMP_IOCTL_NOTIF_SEND, &response) == 0 ? 0 : -errno;
    while (result == -EINTR);
    return result;
}

static int notify_answer(struct stopped_call *call, int64_t value) {
    if (value < 0)
        return respond(call->stop, 0, (int32_t)value, 0);
    return respond(call->stop, value, 0, 0);
}

static int notify_let_run(struct stopped_call *call) {
    return respond(call->stop, 0, 0, K_SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static int add(const struct notify_stop *stop, int fd, uint32_t flags) {
    const struct k_seccomp_notif_addfd descriptor = {
        .id = stop->id,
        .srcfd = (uint32_t)fd,
        .newfd_flags = flags,
    };
    int number;
    do /* what was interrupted has added nothing */
        number = ioctl(stop->listener, K_SECCOMP_IOCTL_NOTIF_ADDFD, &descriptor);
    while (number < 0 && errno == EINTR);
    return number < 0 ? -errno : number;
}

int notify_add(struct stopped_call *call, int fd, uint32_t flags) {
    if (server_is_last(call->server))
        return -EBUSY;
    server_wait(call->server);
    int number = add(call->stop, fd, flags);
    server_go_on(call->server);
    return number;
}

bool notify_can_add(int listener) {
    const struct notify_stop stop = {listener, UINT64_MAX};
    return add(&stop, listener, 0) == -ENOENT;
}

static const struct mechanism notify_mechanism = {
    .name = "notify",
    .read = notify_read,
    .write = notify_write,
    .still_stopped = notify_still_stopped,
    .answer = notify_answer,
    .let_run = notify_let_run,
};

struct stopped_call notify_call(struct notify_stop *stop, const struct k_seccomp_notif *request) {
    struct stopped_call call = {
        .tid = (pid_t)request->pid,
        .arch = request->data.arch,
        .number = request->data.nr,
        .mechanism = &notify_mechanism,
        .stop = stop,
    };
    stop->id = request->id;
    for (int i = 0; i < 6; i++)
        call.arguments[i] = request->data.args[i];
    return call;
}
