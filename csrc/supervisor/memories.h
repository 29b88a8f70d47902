/* memories.h - which tracees surely have memories of their own, where kcmp(2) is missing (gVisor).
 * Rule: only the tracer asks. Whoever has executed no program since it was made may have its
 * maker's memory, whatever clone(2) was told; so may everybody of whom nothing is known. */
#ifndef SPOOF_MEMORIES_H
#define SPOOF_MEMORIES_H

#include <stdbool.h>
#include <sys/types.h>

void memories_note_exec(pid_t tid);
/* A thread has made another one; its event is told before it goes on. */
void memories_note_child(pid_t parent, pid_t child);
void memories_forget(pid_t tid);
bool memories_differ(pid_t one, pid_t other);

#endif
