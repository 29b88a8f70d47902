/* agent.h - the pages of ours in a program.
 * Rule: their code (stub.h) uses no memory but its own page, the answer that the kernel has just
 * written, and a path that it has just read. */
#ifndef SPOOF_AGENT_H
#define SPOOF_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../arch/agent_signs.h"
#include "names.h"

#define AGENT_HEAD_SIZE 24U

/* Writes memory of a program that a tracer has stopped, whatever its rights: 0 or -errno. */
typedef int code_writer(pid_t tid, uint64_t address, const void *bytes, size_t length);

/* Where calls are answered inside programs. */
struct inline_plan {
    uint64_t address;  /* of the page: the same in each program of a tree; 0: nowhere */
    uint64_t blocks;   /* what statfs(2) tells of the size of the filesystem of files in memory */
    uint32_t after;    /* so many stopped calls of a process */
    bool beside;       /* by notify: also beside threads; beside.h */
    bool reaches_all;  /* also memory of programs that make themselves unreadable */
    bool knows_ends;   /* agent_knows_ends() */
    uint32_t shortest; /* names_shortest() */
};

/* Stopped calls of a process: one that makes fewer is not worth what it costs. */
#define CALLS_BEFORE_AGENT 64U

/* How calls are stopped. */
enum agent_below { AGENT_BELOW_NOTIFY, AGENT_BELOW_TRACE, AGENT_BELOW_OTHER };

static inline enum agent_below agent_below(bool notify, bool trace) {
    return notify ? AGENT_BELOW_NOTIFY : trace ? AGENT_BELOW_TRACE : AGENT_BELOW_OTHER;
}

/* Why no program of this machine can answer calls by itself, or NULL. `killable`: signals do not
 * interrupt a call that notify answers. */
const char *agent_missing(enum agent_below below, bool killable);

/* Who traces with this capability may change the memory of all its tracees (ptrace(2):
 * CAP_SYS_PTRACE; what counts is what it had when it attached). */
bool agent_reaches_all(void);

/* Why programs cannot answer by themselves under a policy (a checked blob); NULL: they can. */
const char *agent_refusal(const uint8_t *policy);
/* If they can: do they find out which opens are about no table? */
bool agent_looks_at_opens(const uint8_t *policy);
/* ... or which other calls have such a path? */
bool agent_looks_at_paths(const uint8_t *policy);
/* Has the page room for the ends of all names (names.h)? */
bool agent_knows_ends(const uint8_t *policy);
/* ... and which calls are theirs, in words. */
const char *agent_calls(const uint8_t *policy);

/* What is written before the stubs are. */
#define AGENT_HEAD_PART 1152U
struct agent_head {
    uint8_t bytes[AGENT_HEAD_PART];
};
void agent_make_head(const uint8_t *policy, const struct inline_plan *plan,
                     struct agent_head *head);
/* Is this how the page at `address` begins? */
bool agent_is_head(const uint8_t head[AGENT_HEAD_SIZE], uint64_t address);
/* Where a byte other than 0 makes all stubs leave their calls to the program's own instruction. */
uint64_t agent_switch(uint64_t address);
/* Where another one says that the program has threads: opens of a C library are left alone, since
 * code that makes them may be one that a thread can be cancelled in. */
uint64_t agent_threads(uint64_t address);
/* Where the id of a thread is that has begun to change code; 0: none. */
uint64_t agent_holder(uint64_t address);
uint64_t agent_copy(uint64_t address);
uint64_t agent_detour(uint64_t address);
uint64_t agent_stub(uint64_t address, unsigned index);

/* Of the types that rules change; the last one is AGENT_END_OF_TYPES. */
struct agent_pair {
    uint64_t from, to;
};
#define AGENT_END_OF_TYPES UINT64_MAX

/* What the code for a call needs: addresses in the page, and what is known of the policy. */
struct agent_places {
    uint64_t off;    /* of the switch */
    uint64_t types;  /* of pairs of types */
    uint64_t blocks; /* how large the filesystem of files in memory is; 0: none is known by it */
    struct names_place names;
    bool reads_only; /* rules hold for opens for reading alone: the filter lets the others run */
};
struct agent_places agent_places(const uint8_t *policy, const struct inline_plan *plan,
                                 int32_t number);
/* So many of attended_by_go. */
uint32_t agent_count_for_go(const uint8_t *policy);

#endif
