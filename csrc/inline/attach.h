/* attach.h - puts the agent into a traced program: what it is to do in place of its call, call by
 * call, until that call is made again.
 * Rule: other threads run meanwhile. No code is changed where it may run: a page of it is copied,
 * the copy is changed, and takes the place of the page by one call, mremap(2). What no thread runs
 * yet (our page, the room behind code) is written where it lies. */
#ifndef SPOOF_ATTACH_H
#define SPOOF_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracee/stopped_call.h"
#include "agent.h"
#include "exchange.h"
#include "outcome.h"

enum attach_step { ATTACH_PAGE, ATTACH_AWAY, ATTACH_FETCH, ATTACH_COPY, ATTACH_MOVE };

struct attach {
    const uint8_t *policy;
    const struct inline_plan *plan;
    code_writer *poke;
    uint64_t back;
    bool has_threads;      /* the page is to say so; no more is done */
    bool opens_by_library; /* may be attended to */
    bool enters;           /* its first place */
    int fetched;           /* pages */
    enum attach_step step;
    uint64_t room, copy;
    struct exchange_call next; /* the call that is to be made next */
};

/* At the begin of a call. `attach`: with policy, plan, poke, and back or has_threads.
 * INLINE_BOOTING: the call is to be replaced by another one; else nothing is done, or all is. */
enum inline_outcome attach_begin(struct stopped_call *call, struct attach *attach);
/* At the end of that one, which has returned this. `call`: the program's own. */
enum inline_outcome attach_go_on(struct stopped_call *call, struct attach *attach, int64_t result);

#endif
