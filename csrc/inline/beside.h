/* beside.h - puts the agent into a program with threads, by notify: the one whose call is stopped
 * makes a detour that changes it, and then its call again.
 * Rule: one thread of all programs at a time. No code is changed where it may run (attach.h), and
 * no filter that a program installs meanwhile is asked about calls of ours. */
#ifndef SPOOF_BESIDE_H
#define SPOOF_BESIDE_H

#include <stdbool.h>

#include "entry.h"

/* The next step, for a place that is as it was compiled: entry->away says whether the call is made
 * again. May wait. */
enum inline_outcome beside_enter(struct entry *entry);
/* Before a thread adds a filter: no further step in its process until /proc tells of it. `waits`,
 * half a minute at most, until calls of ours that another thread of it makes are made: the filter
 * may be for all of them. */
void beside_end(const struct stopped_call *call, bool waits);

#endif
