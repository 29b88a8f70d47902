/* inline_plan.h - whether programs answer calls by themselves, and where their agent lies.
 * Rule: what it needs is tried here, in a child, and nowhere in a program. */
#ifndef SPOOF_INLINE_PLAN_H
#define SPOOF_INLINE_PLAN_H

#include <stdbool.h>

#include "../inline/agent.h"

/* What was asked for, and what speaks against it. */
struct inline_wish {
    const char *when; /* off, auto or always; NULL: nothing was said */
    bool watched;     /* calls that are stopped are counted, or logged, for somebody */
    bool told;        /* the log is to tell of each of them */
    bool killable;    /* as agent_missing() wants it */
    enum agent_below below;
};

/* Why programs do not answer by themselves under `policy`, a checked blob; NULL: they do, as `plan`
 * says. Where nothing was said they do if nobody watches, on processors on which it has been
 * proved. SIGCHLD must be blocked, and not be ignored. */
const char *inline_plan_make(const uint8_t *policy, const struct inline_wish *wish,
                             struct inline_plan *plan);

#endif
