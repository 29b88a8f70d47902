/* tracer_attach.h - has traced programs answer calls by themselves (inline/attach.h).
 * Rule: one thread of all tracees at a time changes code, so that no two change that of one
 * program.
 */
#ifndef SPOOF_TRACER_ATTACH_H
#define SPOOF_TRACER_ATTACH_H

#include <stdbool.h>
#include <sys/types.h>

#include "../arch/call_table.h"
#include "../inline/agent.h"
#include "../mechanism/injection.h"
#include "../tracee/server.h"
#include "segment.h"

/* What it needs to know, for ever. */
struct attach_setup {
    const uint8_t *policy;
    const struct inline_plan *plan;
    struct segment *segment;
    struct server *server; /* of the tracing thread */
};
void tracer_attach_prepare(const struct attach_setup *setup);

/* At the begin of a call that is to be served: has it become another one, by which the program gets
 * the agent, or is told of threads? NULL: no. */
struct injection *tracer_attach(pid_t tid, const struct trace_stop *stop,
                                const struct known_call *known);
/* At the end of that one. */
enum injected tracer_attach_end(pid_t tid, struct injection *injection);
/* At the event of a thread that has made another one, or a process. */
void tracer_attach_note_child(pid_t maker, pid_t child, bool is_thread);
/* The thread is gone. */
void tracer_attach_forget(pid_t tid);
/* A filter that this call installs would be asked about calls of ours, which another thread of the
 * program is about to make: the call has to wait until tracer_attach_next_held() tells of it. */
bool tracer_attach_holds(pid_t tid, const struct stopped_call *call);
/* One that need not wait any longer; 0: none. */
pid_t tracer_attach_next_held(void);
/* Such a call: the program adds a filter of its own, which is not to see calls of ours, or makes
 * itself unreadable? Then it answers no more. */
void tracer_detach(struct stopped_call *call, bool adds_filter);

#endif
