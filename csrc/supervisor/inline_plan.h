/* inline_plan.h - whether programs answer calls by themselves, and where their agent lies.
 * Rule: what it needs is tried here, in a child, and nowhere in a program. */
#ifndef SPOOF_INLINE_PLAN_H
#define SPOOF_INLINE_PLAN_H

#include "../inline/agent.h"

/* Why programs do not answer by themselves under `policy`, a checked blob; NULL: they do, as `plan`
 * says. `always`: after their first stopped call. SIGCHLD must be blocked, and not be ignored. */
const char *inline_plan_make(const uint8_t *policy, bool always, struct inline_plan *plan);

#endif
