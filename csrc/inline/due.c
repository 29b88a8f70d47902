/* due.c - counts calls by program, by what makes them, and by executable. Rule: as in its header.
 */
#include "due.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "../policy/blob.h"

#define FNV_BASIS 0xcbf29ce484222325U
#define FNV_PRIME 0x100000001b3U

#define COUNTED 1024U /* of each kind: who has another one's place begins anew */
#define TRIED_AT_ONCE 8U
/* Who executes what was due before is due after so many calls. One that was due makes it so for as
 * many others, since not all that execute the same do the same. */
#define CALLS_OF_KNOWN 8U
#define LENT 8U

typedef _Atomic uint64_t counter; /* who it counts for, and in the last 16 bits the number */

static counter programs[COUNTED];         /* calls of a program */
static counter places[COUNTED];           /* calls from a place in one, since it is due */
static counter executables[COUNTED];      /* for how many programs it is still good */
static _Atomic uint64_t threads[COUNTED]; /* the id of one, and that of its program */

static counter *find(counter *all, uint64_t who) {
    return &all[(who >> 32 ^ who >> 16) & (COUNTED - 1)];
}

static uint32_t get(counter *all, uint64_t who) {
    const uint64_t all_of_it = atomic_load_explicit(find(all, who), memory_order_relaxed);
    return (all_of_it ^ who) <= UINT16_MAX ? (uint32_t)(all_of_it & UINT16_MAX) : 0;
}

static void set(counter *all, uint64_t who, uint32_t number) {
    atomic_store_explicit(find(all, who), who | (number < UINT16_MAX ? number : UINT16_MAX),
                          memory_order_relaxed);
}

/* ---- who ---- */

static pid_t program_of(pid_t tid) {
    const uint64_t thread =
        atomic_load_explicit(&threads[(uint32_t)tid % COUNTED], memory_order_relaxed);
    return thread >> 32 == (uint32_t)tid ? (pid_t)(uint32_t)thread : tid;
}

void due_note_thread(pid_t maker, pid_t thread) {
    atomic_store_explicit(&threads[(uint32_t)thread % COUNTED],
                          (uint64_t)(uint32_t)thread << 32 | (uint32_t)program_of(maker),
                          memory_order_relaxed);
}

/* Its id, and where its libraries lie, which is elsewhere once it has executed another one. */
static uint64_t program(const struct due_call *call) {
    return (uint64_t)(uint32_t)program_of(call->tid) << 32 | (call->back >> 28 & UINT16_MAX) << 16;
}

/* What differs in high bits alone, as ids do here, does so after a multiplication, too: these are
 * laid over the others, or all programs of one executable would have one counter for a place. */
static uint64_t place(const struct due_call *call) {
    const uint64_t mixed = (program(call) * FNV_PRIME ^ call->back) * FNV_PRIME;
    return (mixed ^ mixed >> 32) * FNV_PRIME << 16;
}

/* 0: it is not to be had. */
static uint64_t executable(const struct due_call *call) {
    char name[32], text[512];
    snprintf(name, sizeof name, "%d/exe", call->tid);
    const ssize_t length = readlinkat(call->proc, name, text, sizeof text);
    uint64_t digest = FNV_BASIS;
    for (ssize_t i = 0; i < length; i++)
        digest = (digest ^ (uint8_t)text[i]) * FNV_PRIME;
    return length > 0 ? digest << 16 : 0;
}

/* ---- when ---- */

static bool executes_what_was_due(const struct due_call *call) {
    const uint64_t who = executable(call);
    const uint32_t lent = get(executables, who);
    if (who == 0 || lent == 0)
        return false;
    set(executables, who, lent - 1);
    return true;
}

bool due_count(const struct due_call *call, const uint8_t *policy, const struct inline_plan *plan) {
    if (plan->address == 0 || !known_call_is_of_agent(call->known, blob_header(policy)->calls))
        return false;
    uint32_t calls = get(programs, program(call)) + 1;
    if (calls == plan->after)
        set(executables, executable(call), LENT);
    else if (calls == CALLS_OF_KNOWN && calls < plan->after && executes_what_was_due(call))
        calls = plan->after;
    set(programs, program(call), calls);
    if (calls < plan->after)
        return false;
    const uint32_t tried = get(places, place(call)) + 1;
    set(places, place(call), tried);
    return tried <= TRIED_AT_ONCE || (tried <= UINT16_MAX && (tried & (tried - 1)) == 0);
}

void due_note(const struct due_call *call, enum inline_outcome outcome) {
    if (outcome == INLINE_BOOTING || outcome == INLINE_ENTERED || outcome == INLINE_ANSWERED)
        set(places, place(call), 0);
    else if (outcome == INLINE_DONE && get(places, place(call)) < TRIED_AT_ONCE)
        set(places, place(call), TRIED_AT_ONCE); /* it answers what it can */
}
