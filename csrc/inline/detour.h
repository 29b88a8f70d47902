/* detour.h - sends a thread whose call is stopped into code of ours, with all signals blocked.
 * Rule: nobody has to live for it to end well. Until the thread leaves its call it is as before;
 * then its registers are those of the detour, or the kernel has it make the call again. */
#ifndef SPOOF_DETOUR_H
#define SPOOF_DETOUR_H

#include <stdint.h>

#include "../tracee/stopped_call.h"
#include "outcome.h"

/* `back`: where the call returns to. The code at `address` has to make the call again and to give
 * the signals back. INLINE_AWAY: nothing is owed for the stop any more, whether the thread makes
 * the detour or not; else it is as before, and the reason is told. Waits for the thread, which has
 * nothing to wait for but a freezer. */
enum inline_outcome detour_make(struct stopped_call *call, uint64_t back, uint64_t address);

#endif
