/* call_code.h - what the agent does instead of a call, as code for x86_64: the same call, if no
 * rule names its path; of statfs(2) and fstatfs(2) it changes the type in the answer. Rule: every
 * path that it does not know for one which no rule names is left to be stopped. No thread waits in
 * an open that could be cancelled: agent_may_be_cancelled(). */
#ifndef SPOOF_CALL_CODE_H
#define SPOOF_CALL_CODE_H

#include <stdbool.h>

#include "code.h"
#include "names.h"

/* Addresses, and what is known of the place. */
struct call_places {
    uint64_t off;       /* of the agent's switch */
    uint64_t own, back; /* of pointers to the program's own instruction, and behind it */
    uint64_t types;     /* of pairs of types, up to CALL_END_OF_TYPES */
    uint64_t blocks;    /* how large the filesystem of files in memory is; 0: none is known by it */
    struct names_place names;
    bool says_number; /* the place makes no other calls; else %rax says which one it is */
    bool reads_only;  /* rules hold for opens for reading alone: the filter lets the others run */
};

struct call_pair {
    uint64_t from, to;
};
#define CALL_END_OF_TYPES UINT64_MAX

/* Does it know such a call? */
bool call_is_attended(int32_t number);
void call_put_code(struct code *code, const struct call_places *places, int32_t number);

#endif
