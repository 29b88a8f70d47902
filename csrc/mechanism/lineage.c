/* lineage.c - a record for each process, by the id of its leader. Rule: as in its header. */
#include "lineage.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../tracee/proc_text.h"

#define PLACES 4096U

enum filters { NOT_KNOWN, NONE, SOME };
enum ids { NOT_ASKED, OURS, OTHERS };

static struct record {
    pid_t tid;       /* 0: free */
    uint32_t memory; /* 0: not known */
    uint8_t filters;
    uint8_t ids;  /* enum ids */
    bool beside;  /* mark_beside() */
    bool crowded; /* somebody had no place here: events of makers come too late to be believed */
} records[PLACES];

/* Reading it takes long in gVisor. */
static struct known_leader { pid_t tid, leader; } leaders[PLACES];

static uint32_t new_memory(void) {
    static uint32_t last;
    return last < UINT32_MAX ? ++last : 0;
}

static struct record *place_of(pid_t tid) {
    return &records[(uint32_t)tid % PLACES];
}

static struct record *find(pid_t tid) {
    struct record *record = place_of(tid);
    return tid > 0 && record->tid == tid ? record : NULL;
}

/* NULL: another one has its place. */
static struct record *take(pid_t tid) {
    struct record *record = place_of(tid);
    if (record->tid == 0)
        *record = (struct record){.tid = tid, .crowded = record->crowded};
    record->crowded = record->crowded || record->tid != tid;
    return find(tid);
}

void lineage_forget(pid_t tid) {
    struct record *record = find(tid);
    if (record)
        record->tid = 0;
    if (leaders[(uint32_t)tid % PLACES].tid == tid)
        leaders[(uint32_t)tid % PLACES].tid = 0;
}

/* 0: it is gone. */
static pid_t leader_of(pid_t tid) {
    struct known_leader *known = &leaders[(uint32_t)tid % PLACES];
    if (find(tid)) /* who has a record leads */
        return tid;
    if (known->tid != tid || tid <= 0)
        *known = (struct known_leader){tid, proc_leader(tid)};
    if (known->leader == 0)
        known->tid = 0;
    return known->leader;
}

/* Whoever takes over the id of its leader by execve(2) leaves no trace of its own, and the others
 * are gone. */
static void forget_threads_of(pid_t leader) {
    for (size_t i = 0; i < PLACES; i++)
        if (leaders[i].leader == leader)
            leaders[i].tid = 0;
}

/* Which namespace its ids are of. False: it cannot be asked. */
static bool namespace_of(const char *tid, char *text, size_t size) {
    char name[32];
    snprintf(name, sizeof name, "/proc/%s/ns/pid", tid);
    const ssize_t length = readlink(name, text, size - 1);
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* One of 2022 tells another namespace each time that it is asked. */
static bool has_our_namespace(pid_t tid) {
    static char ours[64];
    char name[16], others[64];
    snprintf(name, sizeof name, "%d", tid);
    return (*ours || namespace_of("self", ours, sizeof ours)) &&
           namespace_of(name, others, sizeof others) && strcmp(ours, others) == 0;
}

/* A process keeps the namespace that it is in. */
bool lineage_tells_our_ids(pid_t tid) {
    struct record *record = find(leader_of(tid));
    if (!record)
        return has_our_namespace(tid);
    if (record->ids == NOT_ASKED)
        record->ids = has_our_namespace(tid) ? OURS : OTHERS;
    return record->ids == OURS;
}

/* ---- what is told ---- */

static void begin(pid_t tid, uint8_t filters) {
    struct record *record = take(tid);
    if (record)
        *record = (struct record){.tid = tid,
                                  .memory = new_memory(),
                                  .filters = filters,
                                  .ids = record->ids,
                                  .crowded = record->crowded};
}

void lineage_note_start(pid_t tid) {
    begin(tid, NONE);
}

/* Somebody may have a filter and this memory (0: any), of whom nothing can be known. */
static void mark_beside(uint32_t memory) {
    for (size_t i = 0; i < PLACES; i++)
        if (memory == 0 || records[i].memory == memory)
            records[i].beside = true;
}

void lineage_note_child(pid_t maker, pid_t child, bool may_be_thread) {
    const pid_t leader = leader_of(maker);
    const struct record *from = find(leader);
    if (!from)
        return;
    const bool is_told = !place_of(child)->crowded && lineage_tells_our_ids(maker);
    if (is_told && may_be_thread && leader_of(child) == leader)
        return;
    struct record *record = is_told ? take(child) : NULL;
    if (!record && from->filters != NONE)
        mark_beside(from->memory);
    if (!record)
        return;
    if (record->filters == NOT_KNOWN)
        record->filters = from->filters;
    if (record->memory != 0)
        return;
    record->memory = from->memory;
    record->beside = from->beside;
}

void lineage_note_filter(pid_t tid) {
    const pid_t leader = leader_of(tid);
    struct record *record = leader > 0 ? take(leader) : NULL;
    if (record)
        record->filters = SOME;
    else
        mark_beside(0);
}

void lineage_note_exec(pid_t tid) {
    const struct record *record = find(tid);
    forget_threads_of(tid);
    begin(tid, record ? record->filters : NOT_KNOWN);
}

/* ---- what is asked ---- */

bool lineage_is_unfiltered(pid_t tid) {
    const struct record *record = find(leader_of(tid));
    return record && record->filters == NONE;
}

static bool may_have(const struct record *other, uint32_t memory) {
    return other->tid != 0 && other->filters != NONE &&
           (other->memory == 0 || other->memory == memory);
}

bool lineage_is_apart(pid_t tid) {
    const struct record *own = find(leader_of(tid));
    bool apart = own && own->memory != 0 && !own->beside;
    for (size_t i = 0; i < PLACES && apart; i++)
        apart = &records[i] == own || !may_have(&records[i], own->memory);
    return apart;
}
