/* tracer_waits.h - calls that wait, where a signal has ended them that their program ignores. */
#ifndef SPOOF_TRACER_WAITS_H
#define SPOOF_TRACER_WAITS_H

#include <stdbool.h>
#include <sys/types.h>

#include "../arch/registers.h"
#include "tracees.h"

/* A signal is about to be delivered. True: the program ignores it, and goes on. */
bool waits_on_signal(pid_t tid, int signal);
/* A group-stop, which ends such calls without a tracer, too. */
void waits_on_group_stop(pid_t tid);
/* Mechanism ptrace: the begin or the end of a call, of which the kernel has said this. */
void waits_note(struct tracee_state *tracee, const struct call_info *info, bool begins);
/* The end of such a call, by the same mechanism. True: it goes on, and the call runs again. */
bool waits_at_end(pid_t tid, struct tracee_state *tracee);
/* A call stop of a tracee with a `wait`. True: it goes on. */
bool waits_on_call_stop(pid_t tid, struct tracee_state *tracee);
/* Another call begins. `tracee` may be NULL. */
void waits_forget(struct tracee_state *tracee);

/* Milliseconds until a call is to end that was made again; -1: there is none. */
int waits_next(void);
/* Ends those whose time is over. */
void waits_end(void);

#endif
