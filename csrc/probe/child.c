/* child.c - children that cannot outlive their time.
 * Rule: waits by sigtimedwait(2) for SIGCHLD, which needs no handler, no timer and no limit that a
 * user can set to nothing. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../arch/kernel.h"

#define TIME_LIMIT_S 5

static pid_t fork_child(void) {
    pid_t pid = fork();
    if (pid == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

static struct timespec until(const struct timespec *deadline) {
    struct timespec now, left;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds =
        (int64_t)(deadline->tv_sec - now.tv_sec) * 1000000000 + (deadline->tv_nsec - now.tv_nsec);
    if (nanoseconds < 0)
        nanoseconds = 0;
    left.tv_sec = (time_t)(nanoseconds / 1000000000);
    left.tv_nsec = (long)(nanoseconds % 1000000000);
    return left;
}

/* Waits for such a child, but only some seconds: then it is killed. */
static int end_child(pid_t pid) {
    struct timespec deadline;
    sigset_t child;
    int status = 0;
    pid_t ended;
    if (pid < 0)
        return -1;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += TIME_LIMIT_S;
    while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
        const struct timespec left = until(&deadline);
        /* Another child's SIGCHLD, or an interruption: look again. */
        if (sigtimedwait(&child, NULL, &left) < 0 && errno == EAGAIN)
            break;
    }
    if (ended == 0) {
        kill(pid, SIGKILL);
        ended = waitpid(pid, &status, 0);
    }
    return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int probe_children(probe_child *first, probe_child *second, void *trial, int stages[2]) {
    probe_child *const run[] = {first, second};
    pid_t children[2];
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return -errno;
    for (int i = 0; i < 2; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            close(sockets[1 - i]);
            _exit((int)run[i](trial, sockets[i]));
        }
    }
    close(sockets[0]);
    close(sockets[1]);
    stages[1] = end_child(children[1]);
    stages[0] = end_child(children[0]);
    return 0;
}

enum stage probe_answer(struct stopped_call *call) {
    const struct k_statfs info = {.f_type = PROBE_TYPE};
    char path[sizeof PROBE_PATH] = {0};
    ssize_t got = call->mechanism->read(call, call->arguments[0], path, sizeof path);
    if (got != sizeof path || memcmp(path, PROBE_PATH, sizeof path) != 0)
        return STAGE_READ;
    if (!call->mechanism->still_stopped(call))
        return STAGE_DONE;
    if (call->mechanism->write(call, call->arguments[1], &info, sizeof info) != 0)
        return STAGE_WRITE;
    int error = call->mechanism->answer(call, 0);
    return error == 0 || error == -ENOENT ? STAGE_DONE : STAGE_ANSWER;
}
