/* worker.h - the process that answers stopped calls; the guardian starts it and replaces it. */
#ifndef SPOOF_WORKER_H
#define SPOOF_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "segment.h"

/* Descriptors have fixed numbers in the table that guardian and worker share; what a worker opens
 * comes behind them, and the guardian closes that when the worker dies. */
enum shared_descriptor {
    DESCRIPTOR_LISTENER = 3,
    DESCRIPTOR_LOG = 4,
    DESCRIPTOR_WORKER = 5,   /* pidfd of the current worker */
    DESCRIPTOR_STARTER = 6,  /* socket to the starter, until the command runs */
    DESCRIPTOR_DELIVERY = 7, /* pipe: slots whose descriptor is to be delivered */
    DESCRIPTOR_DELIVERY_READ = 8,
    DESCRIPTOR_FIRST_OF_WORKER = 9,
};

struct worker_setup {
    struct segment *segment;
    const uint8_t *policy; /* checked */
    pid_t guardian;
    bool stops_root_changes; /* CALLS_CHANGING_ROOT are stopped */
};

/* Serves until the last filtered task is gone. Called in a fresh process; never returns. */
_Noreturn void worker_run(const struct worker_setup *setup);

#endif
