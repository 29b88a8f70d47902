/* call_code.h - what the agent does instead of a call, as code for aarch64. Rule: as in stub.h. No
 * thread waits in an open that could be cancelled: agent_may_be_cancelled(). */
#ifndef SPOOF_CALL_CODE_H
#define SPOOF_CALL_CODE_H

#include <stdbool.h>

#include "../agent.h"
#include "instructions.h"

/* It ends at the room, which makes the call itself where SCRATCH is 0. `keeps`: the room has saved
 * registers, and KEPT is saved here; else they are free there, and OTHER is 0 instead. */
void call_put_code(struct code *code, const struct agent_places *places, int32_t number,
                   bool keeps);

#endif
