/* filter.h - the seccomp filter that a policy needs. */
#ifndef SPOOF_FILTER_H
#define SPOOF_FILTER_H

#include <stdint.h>

#include "../arch/call_table.h"
#include "../spoof.h"

/* The groups of calls that change who a program is to us, as far as that matters to these. */
static inline uint32_t filter_changes_of(uint32_t groups) {
    return CALLS_CHANGING_ROOT | CALLS_ADDING_FILTERS |
           (groups & SPOOF_CALLS_OPEN ? CALLS_RESTRICTING : 0);
}

/* Installs the filter on the calling thread, for ever: calls of these groups (SPOOF_CALLS_*) get
 * `action`, all others run. CALLS_OF_TRACER: clone(2) where its child would not be traced,
 * clone3(2), whose flags a filter cannot see; CALLS_CHANGING_ROOT: chroot(2) and its like, and
 * (without the former: a tracer sees it execute) clone(2) of a thread with namespaces of its own.
 * `agent`: 0, or a page that the calls of csrc/inline may be made from, and run.
 * `flags` and result are those of seccomp(2), but -errno for a failure. Sets no_new_privs first if
 * the thread lacks CAP_SYS_ADMIN: with it setuid programs go on working. */
int filter_install(uint32_t groups, uint64_t agent, uint32_t action, unsigned long flags);

#endif
