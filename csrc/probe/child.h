/* child.h - throw-away children of a probe, and the call that they try.
 * Rule: one child makes the call, another process answers: its sibling, as the supervisor is no
 * ancestor of the command, or its parent, where the command runs below a parent that stays. */
#ifndef SPOOF_PROBE_CHILD_H
#define SPOOF_PROBE_CHILD_H

#include "../tracee/stopped_call.h"
#include "probe.h"

/* What a call of a probe asks for, and what it has to be told. */
#define PROBE_PATH "seccomp-spoof/probe"
#define PROBE_TYPE 0x5300f5

/* How far a child came: its exit status. */
enum stage {
    STAGE_DONE = 0,
    STAGE_LATE_SIGNAL,   /* trace: done, but a signal came late */
    STAGE_SECCOMP_FIRST, /* trace: done, and that is the order of its stops */
    STAGE_SEIZE = 10,
    STAGE_INSTALL,
    STAGE_HAND_OVER,
    STAGE_NO_EVENT,
    STAGE_RECEIVE,
    STAGE_GONE,
    STAGE_READ,
    STAGE_WRITE,
    STAGE_ANSWER,
    STAGE_WRONG,
};

/* Begins a probe: an empty result, and zeroed memory of this size that its children share; NULL,
 * and the result says why. The caller unmaps it. */
void *probe_begin(size_t size, struct probe_result *result);

typedef enum stage probe_child(void *shared, int socket);

/* Who answers, and who makes the call. */
struct probe_pair {
    probe_child *server, *tracee;
};

/* Where they ended: an enum stage, or -1 if one was killed. */
struct probe_stages {
    int server, tracee;
};

/* Runs both with a socket to each other, and puts where they ended. Each is killed after some
 * seconds, and if this process ends. 0, or -errno without a socket. SIGCHLD has to be blocked, and
 * not ignored. */
int probe_children(const struct probe_pair *pair, enum probe_form form, void *shared,
                   struct probe_stages *stages);

/* Runs one child alone (its socket is -1): where it ended, as above. SIGCHLD need not be blocked.
 */
int probe_one(probe_child *run, void *shared);

/* Writes the answer to a stopped statfs(2) of PROBE_PATH, and lets it wait; STAGE_GONE: it was
 * interrupted. */
enum stage probe_write(struct stopped_call *call);
/* Answers a stopped statfs(2) of PROBE_PATH; STAGE_DONE also if it was interrupted, and will come
 * again. */
enum stage probe_answer(struct stopped_call *call);

#endif
