/* child.c - children that cannot outlive their time.
 * Rule: waits by sigtimedwait(2) for SIGCHLD, which needs no handler, no timer and no limit that a
 * user can set to nothing. */
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

void *probe_begin(size_t size, struct probe_result *result) {
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(result, 0, sizeof *result);
    if (shared != MAP_FAILED)
        return shared;
    snprintf(result->why, sizeof result->why, "no memory to share: %s", strerror(errno));
    return NULL;
}

/* Siblings. */
static void run_beside(const struct probe_pair *pair, void *shared, const int sockets[2],
                       struct probe_stages *stages) {
    probe_child *const run[] = {pair->server, pair->tracee};
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            close(sockets[1 - i]);
            _exit((int)run[i](shared, sockets[i]));
        }
    }
    close(sockets[0]);
    close(sockets[1]);
    stages->tracee = end_child(children[1]);
    stages->server = end_child(children[0]);
}

/* Parent and child. The child says itself where it ended: a tracer takes its status away. */
static void run_below(const struct probe_pair *pair, void *shared, const int sockets[2],
                      struct probe_stages *stages) {
    int *ended =
        mmap(NULL, sizeof *ended, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *stages = (struct probe_stages){-1, -1};
    pid_t server = ended == MAP_FAILED ? -1 : fork_child();
    if (server == 0) {
        pid_t tracee = fork_child();
        if (tracee == 0) {
            close(sockets[0]);
            *ended = 1 + (int)pair->tracee(shared, sockets[1]);
            _exit(0);
        }
        close(sockets[1]);
        int stage = tracee < 0 ? STAGE_HAND_OVER : (int)pair->server(shared, sockets[0]);
        close(sockets[0]);
        /* Nobody answers it any more, and our descriptor keeps its call waiting. */
        if (stage >= STAGE_SEIZE && tracee > 0 && waitpid(tracee, NULL, WNOHANG) == 0)
            kill(tracee, SIGKILL);
        end_child(tracee);
        _exit(stage);
    }
    close(sockets[0]);
    close(sockets[1]);
    if (server < 0)
        return;
    stages->server = end_child(server);
    stages->tracee = *ended - 1;
    munmap(ended, sizeof *ended);
}

int probe_children(const struct probe_pair *pair, enum probe_form form, void *shared,
                   struct probe_stages *stages) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return -errno;
    (form == PROBE_BESIDE ? run_beside : run_below)(pair, shared, sockets, stages);
    return 0;
}

int probe_one(probe_child *run, void *shared) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGCHLD, SIG_DFL);
    pid_t pid = fork_child();
    if (pid == 0)
        _exit((int)run(shared, -1));
    return end_child(pid);
}

/* What a signal has ended meanwhile (Linux before 5.19) fails, too, and proves nothing. */
static enum stage failed(struct stopped_call *call, enum stage stage) {
    return call->mechanism->still_stopped(call) ? stage : STAGE_GONE;
}

enum stage probe_write(struct stopped_call *call) {
    const struct k_statfs info = {.f_type = PROBE_TYPE};
    char path[sizeof PROBE_PATH] = {0};
    ssize_t got = call->mechanism->read(call, call->arguments[0], path, sizeof path);
    if (got != sizeof path || memcmp(path, PROBE_PATH, sizeof path) != 0)
        return failed(call, STAGE_READ);
    if (!call->mechanism->still_stopped(call))
        return STAGE_GONE;
    int error = call->mechanism->write(call, call->arguments[1], &info, sizeof info);
    return error == 0 ? STAGE_DONE : failed(call, STAGE_WRITE);
}

enum stage probe_answer(struct stopped_call *call) {
    enum stage stage = probe_write(call);
    if (stage != STAGE_DONE)
        return stage == STAGE_GONE ? STAGE_DONE : stage;
    int error = call->mechanism->answer(call, 0);
    return error == 0 || error == -ENOENT ? STAGE_DONE : STAGE_ANSWER;
}
