/* unfiltered.h - which traced threads surely have no filter of a program's own, for kernels whose
 * /proc does not count filters (gVisor, Linux before 5.9).
 * Rule: only the tracer asks. A thread of which nothing has been told may have one. */
#ifndef SPOOF_UNFILTERED_H
#define SPOOF_UNFILTERED_H

#include <stdbool.h>
#include <sys/types.h>

/* The command's first thread has none, whatever there is from above; and execve(2) may give a
 * thread that has none another id. */
void unfiltered_note(pid_t tid);
/* A thread has made another one, which has what it has; its event is told before it goes on. */
void unfiltered_note_child(pid_t parent, pid_t child);
/* At the begin of a call that installs one, which may fail. */
void unfiltered_note_filter(pid_t tid, bool all_threads);
void unfiltered_forget(pid_t tid);
bool unfiltered_is(pid_t tid);

#endif
