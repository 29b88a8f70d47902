/* lineage.h - what processes have from who made them: filters, and memory. For kernels that cannot
 * be asked (gVisor, Linux before 5.9).
 * Rule: only the tracer asks. What has not been told may be: a process of which nothing is known
 * has filters, and shares its memory. */
#ifndef SPOOF_LINEAGE_H
#define SPOOF_LINEAGE_H

#include <stdbool.h>
#include <sys/types.h>

/* The command's first thread: it has no filter of a program's own, whatever there is from above. */
void lineage_note_start(pid_t tid);
/* At the event of the maker, which may come later than what the child does; threads are left out.
 * `child`: as the kernel tells it; `may_be_thread`: clone(2) has made it. */
void lineage_note_child(pid_t maker, pid_t child, bool may_be_thread);
/* At the begin of a call that installs a filter, which may fail: all threads count as having it. */
void lineage_note_filter(pid_t tid);
/* It is all that there is of its process. */
void lineage_note_exec(pid_t tid);
void lineage_forget(pid_t tid);

/* gVisor's events tell ids as the tracee has them (ptrace(2) says: as we have them). Are they ours?
 */
bool lineage_tells_our_ids(pid_t tid);
/* Has surely no thread of this one's process a filter of a program's own? */
bool lineage_is_unfiltered(pid_t tid);
/* Has surely nobody else with a filter its memory? Who has executed nothing since it was made may
 * have its maker's, whatever clone(2) was told. */
bool lineage_is_apart(pid_t tid);

#endif
