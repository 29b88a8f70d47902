/* lineage.h - what tracees have from who made them: filters, and memory. For kernels that cannot be
 * asked (gVisor, Linux before 5.9).
 * Rule: only the tracer asks. What has not been told may be: a thread of which nothing is known has
 * filters, and shares its memory. */
#ifndef SPOOF_LINEAGE_H
#define SPOOF_LINEAGE_H

#include <stdbool.h>
#include <sys/types.h>

/* The command's first thread: it has no filter of a program's own, whatever there is from above. */
void lineage_note_start(pid_t tid);
/* At the first stop of a tracee, before it goes on; others do no harm. */
void lineage_note_birth(pid_t tid);
/* At the event of its maker, which may come later. `child`: as the kernel tells it. */
void lineage_note_child(pid_t maker, pid_t child);
/* At the begin of a call that installs a filter, which may fail: of all threads of its process. */
void lineage_note_filter(pid_t tid);
/* It is all that there is of its process. */
void lineage_note_exec(pid_t tid);
void lineage_forget(pid_t tid);

/* Another thread of the process that `leader` leads, or 0. */
pid_t lineage_other(pid_t leader);
bool lineage_is_unfiltered(pid_t tid);
/* Do they surely have memories of their own? Who has executed nothing since it was made may have
 * its maker's, whatever clone(2) was told. */
bool lineage_differ(pid_t one, pid_t other);

#endif
