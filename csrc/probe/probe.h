/* probe.h - which mechanism works here: found by trying it, never by a version number. */
#ifndef SPOOF_PROBE_H
#define SPOOF_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/* Who answers the call: a process beside the program, or an ancestor of it. Yama's ptrace_scope 1
 * lets only the second one read a program. */
enum probe_form { PROBE_BESIDE, PROBE_ANCESTOR };

struct probe_result {
    bool works;
    bool refused;       /* a program could not be read, or not be traced */
    bool killable;      /* WAIT_KILLABLE_RECV is accepted */
    bool wake_up;       /* SYNC_WAKE_UP is accepted */
    bool delivers;      /* descriptors can be handed over */
    bool seccomp_first; /* trace: its stop comes before the one at the begin of the call */
    bool late_signals;  /* a signal that is sent while a program is stopped wakes it up late */
    int install_error;  /* errno of the installation, or 0 */
    char why[256];      /* one sentence, for people */
};

/* Tries user notification with the filter that `policy` (a checked blob) needs, in throw-away
 * children, with a time limit. */
void probe_notify(const uint8_t *policy, enum probe_form form, struct probe_result *result);

/* The same for ptrace: at RET_TRACE stops of that filter, or (`every_call`) at every call. */
void probe_trace(const uint8_t *policy, bool every_call, enum probe_form form,
                 struct probe_result *result);

#endif
