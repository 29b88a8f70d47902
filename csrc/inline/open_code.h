/* open_code.h - what the agent does instead of an openat(2), as code for x86_64.
 * Rule: what it opens itself is no table by its name; all else is left to be stopped. No thread
 * waits in it that could be cancelled: agent_may_be_cancelled(). */
#ifndef SPOOF_OPEN_CODE_H
#define SPOOF_OPEN_CODE_H

#include <stdbool.h>

#include "code.h"

/* Addresses: `off`: of the agent's switch; `own`, `back`: of pointers to the program's own
 * instruction, and behind it. `says_number`: the place makes no other calls; else %rax says which
 * one it is. */
void open_put_code(struct code *code, uint64_t off, uint64_t own, uint64_t back, bool says_number);

#endif
