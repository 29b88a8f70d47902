/* beside.h - puts the agent into a program with threads, by notify: the one whose call is stopped
 * is sent into code that changes it, and makes its call again.
 * Rule: one thread of all programs at a time. No code is changed where it may run (attach.h), and
 * no filter that a program installs meanwhile is asked about calls of ours. */
#ifndef SPOOF_BESIDE_H
#define SPOOF_BESIDE_H

#include <stdbool.h>
#include <sys/types.h>

#include "entry.h"

/* Has this thread made calls of ours since its last stopped one? */
bool beside_is_back(pid_t tid);
/* The next step: for a place that is as it was compiled, or for a thread that is back. INLINE_AWAY:
 * the call is made again, nothing is owed. May wait. */
enum inline_outcome beside_enter(struct entry *entry, enum place_state place);
/* Before a thread adds a filter: no further step in its process. `waits`, a second at most, until
 * calls of ours that another thread of it makes are made: the filter may be for all of them. */
void beside_end(const struct stopped_call *call, bool waits);

#endif
