/* worker.h - the process that answers stopped calls; the guardian starts it and replaces it. */
#ifndef SPOOF_WORKER_H
#define SPOOF_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "../inline/agent.h"
#include "segment.h"

struct worker_setup {
    struct segment *segment;
    const uint8_t *policy;   /* checked */
    bool stops_root_changes; /* CALLS_CHANGING_ROOT are stopped */
    struct inline_plan plan;
};

/* A worker that ends so could not begin, for want of memory or threads: no request's fault. */
#define STATUS_NOT_BEGUN 2

/* Serves until the last filtered task is gone. Called in a fresh process; never returns. */
_Noreturn void worker_run(const struct worker_setup *setup);

/* The same in the guardian's own process, where it is the parent of the command: nobody replaces
 * this one, because nobody else may read the programs. Returns when the last one is gone. */
void worker_stay(const struct worker_setup *setup);

#endif
