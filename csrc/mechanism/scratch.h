/* scratch.h - a few bytes in the memory of a stopped program, for one call. */
#ifndef SPOOF_SCRATCH_H
#define SPOOF_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "../arch/registers.h"
#include "../tracee/stopped_call.h"

#define SCRATCH_MAX 256U

struct scratch {
    uint64_t address; /* 0: nothing was written */
    size_t length;
    uint8_t before[SCRATCH_MAX], put[SCRATCH_MAX];
};

/* Puts the bytes there: 0 or -errno, and nothing was changed. `registers` of the stop. */
int scratch_put(struct stopped_call *call, const struct registers *registers, const void *bytes,
                size_t length, struct scratch *scratch);
/* ... or elsewhere, where nobody else looks as long as the call lasts. */
int scratch_put_at(struct stopped_call *call, uint64_t address, const void *bytes, size_t length,
                   struct scratch *scratch);
/* At the end of the call: the memory is as it was, but for what others have written meanwhile. */
void scratch_take_back(pid_t tid, struct scratch *scratch);

#endif
