/* own_calls.h - calls that we have traced programs make, and whether filters of their own forbid
 * them.
 * Rule: only the tracer asks. A program dies of no call of ours: what it would not survive is not
 * made. */
#ifndef SPOOF_OWN_CALLS_H
#define SPOOF_OWN_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../arch/call_table.h"
#include "../tracee/stopped_call.h"

struct own_calls {
    int32_t make, set_flags, close, map, unmap;
};

/* Does the kernel tell how many filters a thread has? */
bool own_calls_are_counted(void);
/* Their numbers in an ABI, or NULL. */
const struct own_calls *own_calls_of(uint32_t arch);
/* At the begin of seccomp(2) or prctl(2): remembers whether it installs a filter, and of which
 * kind. */
void own_calls_note_filter(struct stopped_call *call, const struct known_call *known);
/* It may install one, and cannot be read without waiting: any. */
void own_calls_note_unread(const struct stopped_call *call);
/* For a thread of the pool: touches all that the tracer reads of clone3(2), seccomp(2) or prctl(2),
 * so that it is there. False: it is another call. */
bool own_calls_touch(struct stopped_call *call);
/* Has any program a filter that is not ours, or could it be? */
bool own_calls_meet_filters(void);
/* Has a thread of this one's process a filter of a program's own, or may it? `ours`: as below. */
bool own_calls_meet_filters_beside(pid_t tid, int ours);
/* The same of the thread alone. */
bool own_calls_meet_filters_at(pid_t tid, int ours);
/* ... that has none from us. */
bool own_calls_meet_filters_of(pid_t tid);
/* May a filter keep this thread from making our calls of an ABI? `ours`: how many filters it has
 * from us. */
bool own_calls_are_forbidden(pid_t tid, uint32_t arch, int ours);

#endif
