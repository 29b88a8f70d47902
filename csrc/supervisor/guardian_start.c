/* guardian_start.c - the starter's side of the guardian: forks it away, and hands over.
 * Rule: the command must not find a child that it does not know, whatever wait(2) it makes. */
#include "guardian.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../process/fd_passing.h"

/* No child of the command: wait(2) must not find it. 0 or an errno. */
static int fork_away(const struct guardian_setup *setup, const int sockets[2]) {
    int subreaper = 0, status = 0;
    /* A subreaper would find the orphan among its children. */
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    if (subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 0);
    pid_t middle = fork();
    if (middle == 0) {
        close(sockets[0]);
        pid_t guardian = setsid() < 0 ? -1 : fork();
        if (guardian == 0)
            guardian_run(setup, sockets[1], -1);
        _exit(guardian < 0 ? errno : 0);
    }
    int error = middle < 0 ? errno : 0;
    while (middle > 0 && waitpid(middle, &status, 0) < 0 && errno == EINTR)
        ;
    if (subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    return error != 0 || !WIFEXITED(status) ? error : WEXITSTATUS(status);
}

/* Every orphan becomes a child of PID 1, so nobody can be forked away from it. But wait(2) passes
 * over children without an exit signal (clone(2), __WCLONE). 0 or an errno. */
static int fork_below_init(const struct guardian_setup *setup, const int sockets[2]) {
    long guardian = syscall(SYS_clone, 0UL, 0, 0, 0, 0);
    if (guardian == 0) {
        close(sockets[0]);
        if (setsid() < 0)
            _exit(1);
        guardian_run(setup, sockets[1], -1);
    }
    return guardian < 0 ? errno : 0;
}

int guardian_await(const struct guardian_setup *setup, int socket, struct failure *failure) {
    pid_t guardian = 0;
    if (recv(socket, &guardian, sizeof guardian, 0) != sizeof guardian)
        return fail(failure, 0, "the guardian could not be started");
    /* Under Yama's ptrace_scope 1 only who is named may trace us. Without Yama this fails. */
    if (setup->mechanism != MECHANISM_NOTIFY)
        prctl(PR_SET_PTRACER, guardian);
    return 0;
}

int guardian_fork(const struct guardian_setup *setup, struct failure *failure) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return fail(failure, errno, "cannot make a socket for the guardian");
    int error = getpid() == 1 ? fork_below_init(setup, sockets) : fork_away(setup, sockets);
    close(sockets[1]);
    if (error == 0 && guardian_await(setup, sockets[0], failure) == 0)
        return sockets[0];
    close(sockets[0]);
    return error == 0 ? -1 : fail(failure, error, "the guardian could not be started");
}

int guardian_be_traced(int socket, struct failure *failure) {
    const pid_t own = getpid();
    if (send(socket, &own, sizeof own, MSG_NOSIGNAL) != sizeof own || !await_byte(socket, 's'))
        return fail(failure, 0, "the guardian cannot trace this process");
    return 0;
}

int guardian_hand_over(int socket, int listener, struct failure *failure) {
    int error = pass_descriptor(socket, "l", 1, listener);
    if (error != 0)
        return fail(failure, -error, "cannot hand the listener to the guardian");
    if (!await_byte(socket, 's'))
        return fail(failure, 0, "the guardian ended before it served");
    return 0;
}
