/* worker.h - the process that answers stopped calls; the guardian starts it and replaces it. */
#ifndef SPOOF_WORKER_H
#define SPOOF_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "segment.h"

struct worker_setup {
    struct segment *segment;
    const uint8_t *policy; /* checked */
    pid_t guardian;
    bool stops_root_changes; /* CALLS_CHANGING_ROOT are stopped */
};

/* Serves until the last filtered task is gone. Called in a fresh process; never returns. */
_Noreturn void worker_run(const struct worker_setup *setup);

#endif
