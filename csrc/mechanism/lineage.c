/* lineage.c - a record for each thread, by its id. Rule: as in its header. */
#include "lineage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tracee/proc_text.h"

#define PLACES 16384U

enum filters { NOT_KNOWN, NONE, SOME };

static struct record {
    pid_t tid;       /* 0: free */
    pid_t leader;    /* 0: it has not been born yet */
    uint32_t memory; /* 0: not known */
    uint8_t filters;
    bool crowded; /* somebody had no place here: events of makers come too late to be believed */
} records[PLACES];

static uint32_t new_memory(void) {
    static uint32_t last;
    return last < UINT32_MAX ? ++last : 0;
}

static struct record *place_of(pid_t tid) {
    return &records[(uint32_t)tid % PLACES];
}

static struct record *find(pid_t tid) {
    struct record *record = place_of(tid);
    return record->tid == tid ? record : NULL;
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
}

/* 0: it is gone. */
static pid_t leader_of(pid_t tid) {
    struct status_value value = {.name = "Tgid:"};
    char name[16];
    snprintf(name, sizeof name, "%d", tid);
    proc_status_values(name, &value, 1);
    return (pid_t)strtol(value.text, NULL, 10);
}

/* Which namespace its ids are of. False: it cannot be asked. */
static bool namespace_of(const char *tid, char *text, size_t size) {
    char name[32];
    snprintf(name, sizeof name, "/proc/%s/ns/pid", tid);
    const ssize_t length = readlink(name, text, size - 1);
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* gVisor's events tell ids as the tracee has them, not as we have them (ptrace(2) says otherwise).
 * One of 2022 tells another namespace each time that it is asked. */
static bool tells_our_ids(pid_t tid) {
    char name[16], ours[64], others[64];
    snprintf(name, sizeof name, "%d", tid);
    return namespace_of("self", ours, sizeof ours) && namespace_of(name, others, sizeof others) &&
           strcmp(ours, others) == 0;
}

/* ---- what is told ---- */

static void begin(pid_t tid, uint8_t filters) {
    struct record *record = take(tid);
    if (record)
        *record = (struct record){tid, tid, new_memory(), filters, record->crowded};
}

void lineage_note_start(pid_t tid) {
    begin(tid, NONE);
}

/* Of a process that is all: its maker's event tells the rest. */
void lineage_note_birth(pid_t tid) {
    struct record *record = find(tid);
    if (record && record->leader != 0)
        return;
    record = take(tid);
    if (!record)
        return;
    record->leader = leader_of(tid);
    if (record->leader == tid)
        return;
    const struct record *leader = find(record->leader);
    record->filters = leader ? leader->filters : NOT_KNOWN;
    record->memory = leader ? leader->memory : 0;
}

void lineage_note_child(pid_t maker, pid_t child) {
    const struct record *from = find(maker);
    if (!from || place_of(child)->crowded || !tells_our_ids(maker))
        return;
    struct record *record = take(child);
    if (!record || (record->leader != 0 && record->leader != child))
        return;
    if (record->filters == NOT_KNOWN)
        record->filters = from->filters;
    if (record->memory == 0)
        record->memory = from->memory;
}

void lineage_note_filter(pid_t tid) {
    struct record *own = take(tid);
    const pid_t leader = own && own->leader != 0 ? own->leader : leader_of(tid);
    if (own)
        own->filters = SOME;
    for (size_t i = 0; i < PLACES; i++)
        if (records[i].leader == leader || leader == 0)
            records[i].filters = SOME;
}

void lineage_note_exec(pid_t tid) {
    const struct record *record = find(tid);
    begin(tid, record ? record->filters : NOT_KNOWN);
}

/* ---- what is asked ---- */

pid_t lineage_other(pid_t leader) {
    for (size_t i = 0; i < PLACES; i++)
        if (records[i].tid != 0 && records[i].leader == leader && records[i].tid != leader)
            return records[i].tid;
    return 0;
}

bool lineage_is_unfiltered(pid_t tid) {
    const struct record *record = find(tid);
    return record && record->filters == NONE;
}

bool lineage_differ(pid_t one, pid_t other) {
    const struct record *first = find(one), *second = find(other);
    return first && second && first->memory != 0 && second->memory != 0 &&
           first->memory != second->memory;
}
