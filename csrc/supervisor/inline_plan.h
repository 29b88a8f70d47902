/* inline_plan.h - whether programs answer calls by themselves, and where their agent lies.
 * Rule: what it needs is tried here, in a child, and nowhere in a program. */
#ifndef SPOOF_INLINE_PLAN_H
#define SPOOF_INLINE_PLAN_H

#include <stdbool.h>

#include "../inline/agent.h"

/* What was asked for, and what speaks against it. */
struct inline_wish {
    const char *when; /* auto or always */
    bool told;        /* the log is to tell of each stopped call */
    bool killable;    /* as agent_missing() wants it */
    enum agent_below below;
};

/* Why programs do not answer by themselves under `policy`, a checked blob; NULL: they do, as `plan`
 * says. SIGCHLD must be blocked, and not be ignored. */
const char *inline_plan_make(const uint8_t *policy, const struct inline_wish *wish,
                             struct inline_plan *plan);

#endif
