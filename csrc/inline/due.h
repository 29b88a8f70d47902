/* due.h - when a program is to answer by itself.
 * Rule: hints alone; whatever is wrongly taken for due, or is not, is answered the same. */
#ifndef SPOOF_DUE_H
#define SPOOF_DUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../arch/call_table.h"
#include "agent.h"
#include "outcome.h"

struct due_call {
    pid_t tid;
    const struct known_call *known; /* or NULL */
    uint64_t back;                  /* where it returns to */
    int proc;                       /* a descriptor of /proc */
};

/* Counts a call of a program: is something to be done for what makes it? Whatever is tried is tried
 * less and less often. Never waits. */
bool due_count(const struct due_call *call, const uint8_t *policy, const struct inline_plan *plan);
/* What came of it: after a step that has led on the next one is tried at once. */
void due_note(const struct due_call *call, enum inline_outcome outcome);
/* A thread has made another one. Where nobody tells so, each counts for itself. */
void due_note_thread(pid_t maker, pid_t thread);

#endif
