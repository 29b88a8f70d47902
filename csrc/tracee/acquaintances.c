/* acquaintances.c - a small table of pidfds, by thread id.
 * Rule: a thread id alone proves nothing, it may belong to another thread by now; a pidfd does. */
#include "acquaintances.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "mounts.h"
#include "remembered.h"

static struct acquaintance *entry_of(const struct server *server, pid_t tid) {
    return server->acquaintances ? &server->acquaintances->entries[tid & (ACQUAINTANCES - 1)]
                                 : NULL;
}

static void forget(struct acquaintance *one) {
    if (one->tid != 0)
        close(one->pidfd);
    one->tid = 0;
}

/* Before Linux 6.9 only the first thread of a process can have one. */
static int open_pidfd(pid_t tid) {
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, K_PIDFD_THREAD);
    return pidfd < 0 && errno == EINVAL ? (int)syscall(K_NR_PIDFD_OPEN, tid, 0) : pidfd;
}

static struct acquaintance *make_acquainted(struct server *server, struct acquaintance *one,
                                            pid_t tid) {
    forget(one);
    int pidfd = open_pidfd(tid);
    if (pidfd < 0 && errno == ENOSYS)
        server->acquaintances = NULL; /* before Linux 5.3, and in old gVisor */
    if (pidfd < 0)
        return NULL;
    *one = (struct acquaintance){.tid = tid, .pidfd = pidfd};
    return one;
}

void acquaintance_refresh(struct server *server, pid_t tid) {
    struct mounts *mounts = server_surroundings(server)->mounts;
    if (server->refreshed == tid)
        return;
    server->refreshed = tid;
    struct acquaintance *one = entry_of(server, tid);
    bool known = one && one->tid == tid;
    /* All in one call. */
    struct pollfd polled[] = {
        {.fd = mounts_descriptor(mounts), .events = POLLPRI},
        {.fd = known ? one->pidfd : -1, .events = POLLIN},
        {.fd = remembered_descriptor(server->remembered), .events = POLLIN},
    };
    if (poll(polled, 3, 0) < 0)
        polled[0].revents = polled[1].revents = POLLERR;
    if (polled[0].revents & (POLLPRI | POLLERR)) {
        mounts_read(mounts);
        remembered_forget(server->remembered);
    } else if (polled[2].revents) {
        remembered_check(server->remembered);
    }
    server->met = known && polled[1].revents == 0 ? one
                  : one                           ? make_acquainted(server, one, tid)
                                                  : NULL;
}

/* The entry of a living thread; NULL: none can be had. */
static struct acquaintance *meet(struct server *server, pid_t tid) {
    if (!server->receiving)
        return NULL;
    acquaintance_refresh(server, tid);
    return server->met;
}

/* NULL also if somebody has departed: then only a look tells who is still here. */
static struct acquaintance *meet_here(struct server *server, pid_t tid) {
    _Atomic uint32_t *departed = server_surroundings(server)->departed;
    return departed && *departed == 0 ? meet(server, tid) : NULL;
}

bool acquaintance_is_in_our_root(struct server *server, pid_t tid) {
    struct acquaintance *one = meet_here(server, tid);
    if (one && !one->in_our_root)
        one->in_our_root = thread_is_in_our_root(server_surroundings(server), tid);
    return one && one->in_our_root;
}

bool acquaintance_is_in_our_namespaces(struct server *server, pid_t tid) {
    const struct surroundings *surroundings = server_surroundings(server);
    struct acquaintance *one = meet_here(server, tid);
    if (one && !one->in_our_namespaces)
        one->in_our_namespaces =
            surroundings->pid_namespace != 0 &&
            namespace_of(surroundings->proc, tid, "pid") == surroundings->pid_namespace &&
            is_in_our_user_namespace(surroundings, tid);
    return one && one->in_our_namespaces;
}

static pid_t group_of(const struct surroundings *surroundings, pid_t tid) {
    /* Quicker than to read its status. */
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, 0);
    if (pidfd >= 0) {
        close(pidfd);
        return tid;
    }
    struct credentials *credentials = malloc(sizeof *credentials);
    bool known = credentials && credentials_of(surroundings->proc, tid, credentials) == 0;
    pid_t tgid = known ? credentials->tgid : 0;
    free(credentials);
    return tgid;
}

pid_t acquaintance_group(struct server *server, pid_t tid) {
    struct acquaintance *one = meet(server, tid);
    if (one && one->tgid == 0)
        one->tgid = group_of(server_surroundings(server), tid);
    return one ? one->tgid : 0;
}

int acquaintance_descriptor(struct server *server, pid_t tid, int fd) {
    struct acquaintance *one = meet(server, tid);
    int copy = one ? (int)syscall(K_NR_PIDFD_GETFD, one->pidfd, fd, 0) : -1;
    if (copy >= 0)
        return copy;
    return one && errno == EBADF ? -EBADF : -ENOSYS;
}
