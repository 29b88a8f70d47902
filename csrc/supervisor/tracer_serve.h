/* tracer_serve.h - what the tracer does with the calls of tracees; tracer.c waits for their stops.
 */
#ifndef SPOOF_TRACER_SERVE_H
#define SPOOF_TRACER_SERVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "../inline/agent.h"
#include "../probe/probe.h"
#include "../tracee/server.h"
#include "segment.h"
#include "tracees.h"

struct tracer_setup {
    struct segment *segment;
    const uint8_t *policy; /* checked */
    struct inline_plan plan;
    bool every_call; /* mechanism ptrace: stop at every call, for want of RET_TRACE */
    struct probe_result probe;
};

struct tracer {
    const struct tracer_setup *setup;
    struct context context;
    struct server server; /* of the tracing thread */
    bool wants_to_sleep;  /* the call that is served could sleep */
    bool can_look_after;  /* no rule needs the path of a call: its end says enough */
    bool never_looks_up;  /* ... and that costs less than to look files up ourselves */
    bool injects;         /* programs may hold files of ours */
    int wake;             /* a job of the pool is done */
};

extern struct tracer the_tracer;

/* A stop at the begin of a call. */
void tracer_on_begin(pid_t tid);
/* Begins that had to wait (tracer_attach.h), if they need not any more. */
void tracer_serve_held(void);
/* A handler may run before the call that is to be let run. */
void tracer_forget_let_run(pid_t tid);
/* A call that a filter of the program's own keeps for a tracer of its own, which it cannot have. */
void tracer_on_foreign(pid_t tid);
/* The end of a call that is to be looked at: it has told its caller the truth, who does not run
 * before we let it. */
void tracer_on_end(pid_t tid);
/* The end of a call of ours. */
void tracer_on_injected(pid_t tid, struct tracee_state *tracee);
/* What the pool has done. */
void tracer_finish_jobs(void);

void tracer_go_on(pid_t tid, int signal);
/* A signal that was sent while all threads of a program were stopped wakes none of them up in
 * gVisor, and waits for another one. A further stop, right after this call, makes it look. */
void tracer_go_on_and_look(pid_t tid);

/* Its call has ended: is anything else left to know? */
void tracer_settle(pid_t tid);
/* The tracing thread never sleeps: what wants to is for the pool. */
bool tracer_refuse_to_sleep(struct server *server);

#endif
