/* load.h - the instruction before a call that a jump takes the place of.
 * Rule: whoever came there by the jump runs it all the same. */
#ifndef SPOOF_LOAD_H
#define SPOOF_LOAD_H

#include "../call_place.h"
#include "instructions.h"

#define CALL_SIZE 2U /* syscall */

/* As the place would have done it. */
void load_put(struct code *code, const struct agent_place *place);

#endif
