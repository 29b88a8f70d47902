/* call_code.h - what the agent does instead of a call, as code for x86_64. Rule: as in stub.h. No
 * thread waits in an open that could be cancelled: agent_may_be_cancelled(). */
#ifndef SPOOF_CALL_CODE_H
#define SPOOF_CALL_CODE_H

#include <stdbool.h>

#include "../agent.h"
#include "instructions.h"

/* Addresses, and what is known of the place. */
struct call_places {
    struct agent_places page;
    uint64_t own, back; /* of pointers to the program's own instruction, and behind it */
    bool says_number;   /* the place makes no other calls; else %rax says which one it is */
};

void call_put_code(struct code *code, const struct call_places *places, int32_t number);

#endif
