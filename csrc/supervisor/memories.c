/* memories.c - a number for each memory, by thread id. Rule: as in its header. */
#include "memories.h"

#include <stdint.h>

#define KNOWN 4096U /* threads; of two with one place the one before is forgotten */

static struct {
    pid_t tid;
    uint32_t memory; /* 0: not known */
} known[KNOWN];

static uint32_t memory_of(pid_t tid) {
    const uint32_t i = (uint32_t)tid % KNOWN;
    return known[i].tid == tid ? known[i].memory : 0;
}

static void note(pid_t tid, uint32_t memory) {
    const uint32_t i = (uint32_t)tid % KNOWN;
    known[i].tid = tid;
    known[i].memory = memory;
}

void memories_note_exec(pid_t tid) {
    static uint32_t last;
    if (last < UINT32_MAX)
        last++;
    note(tid, last < UINT32_MAX ? last : 0);
}

void memories_note_child(pid_t parent, pid_t child) {
    note(child, memory_of(parent));
}

void memories_forget(pid_t tid) {
    if (known[(uint32_t)tid % KNOWN].tid == tid)
        note(tid, 0);
}

bool memories_differ(pid_t one, pid_t other) {
    const uint32_t memory = memory_of(one), others = memory_of(other);
    return memory != 0 && others != 0 && memory != others;
}
