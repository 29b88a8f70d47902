/* open_code.h - what the agent does before an openat(2), as code for x86_64.
 * Rule: the call itself is made by the program's own instruction, since it is a cancellation point;
 * the code only decides whether the filter lets it run, and changes no register that it may not. */
#ifndef SPOOF_OPEN_CODE_H
#define SPOOF_OPEN_CODE_H

#include "agent.h"
#include "code.h"

/* `agent`: the address of its page; `off`: of its switch; `own`: of a pointer to the program's own
 * instruction. %rax: the number of the call, where the place does not say which it is. */
void open_put_code(struct code *code, uint64_t agent, uint64_t off, uint64_t own,
                   const struct agent_place *place);

#endif
