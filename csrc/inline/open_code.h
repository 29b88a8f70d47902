/* open_code.h - what the agent does instead of an openat(2), as code for x86_64.
 * Rule: what it opens itself is named by no rule; all else is left to be stopped. No thread
 * waits in it that could be cancelled: agent_may_be_cancelled(). */
#ifndef SPOOF_OPEN_CODE_H
#define SPOOF_OPEN_CODE_H

#include <stdbool.h>

#include "code.h"
#include "names.h"

struct open_places {
    uint64_t off;       /* address of the agent's switch */
    uint64_t own, back; /* ... of pointers to the program's own instruction, and behind it */
    struct names_place names;
    bool says_number; /* the place makes no other calls; else %rax says which one it is */
    bool reads_only;  /* rules hold for opens for reading alone: the filter lets the others run */
};

void open_put_code(struct code *code, const struct open_places *places);

#endif
