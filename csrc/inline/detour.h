/* detour.h - has a thread whose call is stopped make calls of ours, and then its own one again.
 * Rule: nobody has to live for it to end well. Until the thread leaves its call it is as before;
 * from then on code of ours leads it back by itself, with all signals blocked until it is back. */
#ifndef SPOOF_DETOUR_H
#define SPOOF_DETOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracee/stopped_call.h"
#include "outcome.h"

#define DETOUR_MOST_CALLS 2U

struct detour {
    uint64_t back;    /* where its own call returns to */
    uint64_t address; /* of the code (routine.h) */
    uint64_t mask;    /* the thread's blocked signals */
    unsigned calls;   /* that the code makes */
    /* What became of it. */
    bool away; /* nothing is owed for the stop any more; else it is as before */
    bool over; /* the thread is not in the code, and never was or has made all calls */
    unsigned made;
    int64_t results[DETOUR_MOST_CALLS];
};

/* INLINE_NOTHING: all calls were made; else why not. Waits for the thread, which has nothing to
 * wait for but a freezer. If it is `away` it is held until detour_leave(), by the same thread of
 * ours: whoever it meets next finds all of this done. */
enum inline_outcome detour_make(struct stopped_call *call, struct detour *detour);
void detour_leave(const struct stopped_call *call);

#endif
