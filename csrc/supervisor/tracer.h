/* tracer.h - the guardian's other shape: where notify is missing it traces the command and its
 * descendants, and serves their stopped calls itself. */
#ifndef SPOOF_TRACER_H
#define SPOOF_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../probe/probe.h"
#include "segment.h"

struct tracer_setup {
    struct segment *segment;
    const uint8_t *policy; /* checked */
    bool every_call;       /* mechanism ptrace: stop at every call, for want of RET_TRACE */
    struct probe_result probe;
    int log_level;
    bool logging;
};

/* Serves until the last tracee is gone. */
void tracer_run(const struct tracer_setup *setup);

#endif
