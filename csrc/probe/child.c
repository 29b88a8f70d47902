/* child.c - children that cannot outlive their time.
 * Rule: waits by sigtimedwait(2) for SIGCHLD, which needs no handler, no timer and no limit that a
 * user can set to nothing. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TIME_LIMIT_S 5

pid_t probe_child_fork(void) {
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

int probe_child_end(pid_t pid) {
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
