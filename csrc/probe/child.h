/* child.h - throw-away children of a probe, and the call that they try.
 * Rule: one child makes the call, its sibling answers; neither is an ancestor of the other, as the
 * supervisor is none of the command. */
#ifndef SPOOF_PROBE_CHILD_H
#define SPOOF_PROBE_CHILD_H

#include "../tracee/stopped_call.h"

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
    STAGE_READ,
    STAGE_WRITE,
    STAGE_ANSWER,
    STAGE_WRONG,
};

typedef enum stage probe_child(void *trial, int socket);

/* Runs two children with a socket to each other, and puts where they ended: an enum stage, or -1 if
 * one was killed, as each is after some seconds and if this process ends. 0, or -errno without a
 * socket. SIGCHLD has to be blocked, and not ignored. */
int probe_children(probe_child *first, probe_child *second, void *trial, int stages[2]);

/* Answers a stopped statfs(2) of PROBE_PATH; STAGE_DONE also if it was interrupted, and will come
 * again. */
enum stage probe_answer(struct stopped_call *call);

#endif
