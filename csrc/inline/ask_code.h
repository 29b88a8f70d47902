/* ask_code.h - what the agent does instead of a call that only asks, as code for x86_64: the same
 * call, if no rule names its path; of statfs(2) and fstatfs(2) it changes the type in the answer.
 * Rule: every path that it does not know for one which no rule names is left to be stopped. */
#ifndef SPOOF_ASK_CODE_H
#define SPOOF_ASK_CODE_H

#include <stdbool.h>

#include "code.h"
#include "names.h"

/* Addresses. */
struct ask_places {
    uint64_t off;       /* of the agent's switch */
    uint64_t own, back; /* of pointers to the program's own instruction, and behind it */
    uint64_t types;     /* of pairs of types, up to ASK_END_OF_TYPES */
    uint64_t blocks;    /* how large the filesystem of files in memory is; 0: none is known by it */
    struct names_place names;
};

struct ask_pair {
    uint64_t from, to;
};
#define ASK_END_OF_TYPES UINT64_MAX

/* Is it such a call? */
bool ask_knows(int32_t number);
void ask_put_code(struct code *code, const struct ask_places *places, int32_t number);

#endif
