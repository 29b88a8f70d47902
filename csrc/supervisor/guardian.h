/* guardian.h - the process that owns what must survive a worker, and outlives the command. */
#ifndef SPOOF_GUARDIAN_H
#define SPOOF_GUARDIAN_H

#include <stdbool.h>
#include <stdint.h>

#include "../inline/agent.h"
#include "../process/failure.h"
#include "../probe/probe.h"

enum mechanism_kind { MECHANISM_NOTIFY, MECHANISM_TRACE, MECHANISM_PTRACE };

struct guardian_setup {
    enum mechanism_kind mechanism;
    struct probe_result probe;
    const uint8_t *policy; /* checked, mapped */
    int segment_fd;        /* or -1: a private segment */
    int log_fd;            /* or -1 */
    int log_level;         /* LOG_TRACE or LOG_INFO */
    struct inline_plan plan;
};

const char *mechanism_name(enum mechanism_kind mechanism);

/* Becomes the guardian; `socket` leads to the starter, `parent` to the parent that stays (or -1).
 */
_Noreturn void guardian_run(const struct guardian_setup *setup, int socket, int parent);

/* ---- the starter's side: guardian_start.c ---- */

/* Forks the guardian away: own session, no parent that waits for it. Returns the starter's end of
 * their socket, or -1. */
int guardian_fork(const struct guardian_setup *setup, struct failure *failure);
/* Waits until the guardian behind this socket is there, and may trace us. 0 or -1. */
int guardian_await(const struct guardian_setup *setup, int socket, struct failure *failure);
/* Hands the listener over and waits until a worker receives from it. 0 or -1. */
int guardian_hand_over(int socket, int listener, struct failure *failure);
/* Waits until the guardian traces the calling process. 0 or -1. */
int guardian_be_traced(int socket, struct failure *failure);

#endif
