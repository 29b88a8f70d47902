/* tracer_serve.c - serves the stopped calls of tracees.
 * Rule: nothing here sleeps on a filesystem; a call that may is let run and looked at when it has
 * ended, or needs a thread of the pool. */
#include "tracer_serve.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "../arch/arch.h"
#include "../calls/calls.h"
#include "../arch/call_table.h"
#include "../mechanism/inject.h"
#include "../mechanism/trace.h"
#include "../tracee/identity.h"
#include "pool.h"
#include "record.h"

struct tracer the_tracer;

/* ---- what is known of a tracee ---- */

void tracer_forget(pid_t tid) {
    struct tracee_state *tracee = tracee_known(tid);
    if (tracee && tracee->injection)
        inject_forget(tracee->injection);
    tracee_forget(tid);
}

void tracer_settle(pid_t tid) {
    const struct tracee_state *tracee = tracee_known(tid);
    if (tracee && tracee->stops == 0 && !tracee->job && !tracee->injection && !tracee->let_run)
        tracee_forget(tid);
}

/* ---- going on ---- */

void tracer_go_on(pid_t tid, int signal) {
    const struct tracee_state *tracee = tracee_known(tid);
    bool to_next_stop = the_tracer.setup->every_call || (tracee && tracee->injection);
    /* Fails only if the tracee was killed meanwhile. */
    ptrace(to_next_stop ? PTRACE_SYSCALL : PTRACE_CONT, tid, NULL, (void *)(long)signal);
}

void tracer_go_on_and_look(pid_t tid) {
    if (the_tracer.setup->probe.late_signals)
        ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
    tracer_go_on(tid, 0);
}

/* Lets the call run, and stops at its end. */
static void run_to_end(pid_t tid, bool looks_after) {
    struct tracee_state *tracee = tracee_know(tid);
    tracee->looks_after = looks_after;
    /* Under mechanism trace this is the stop of seccomp. The one at the begin of the call lies
     * before it, but behind it in gVisor and before Linux 4.8 (ptrace(2)). */
    if (!the_tracer.setup->every_call)
        tracee->stops = the_tracer.setup->probe.seccomp_first ? 2 : 1;
    ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
}

/* That further stop would interrupt a call that runs, and it would be made again, for ever: not
 * before its end. */
static void let_run_and_look(pid_t tid) {
    if (the_tracer.setup->probe.late_signals)
        run_to_end(tid, false);
    else
        tracer_go_on(tid, 0);
}

/* False: it cannot be done, the call is as it was. */
static bool deliver(pid_t tid, const struct trace_stop *stop, const struct verdict *verdict) {
    struct injection *injection = inject_begin(tid, stop, verdict);
    if (!injection)
        return false;
    tracee_know(tid)->injection = injection;
    tracee_know(tid)->delivers = verdict->rule;
    run_to_end(tid, false);
    return true;
}

static void finish(pid_t tid, struct trace_stop *stop, const struct verdict *verdict) {
    struct segment *segment = the_tracer.setup->segment;
    struct stopped_call call = trace_call_again(tid, stop);
    const struct verdict other = undelivered(verdict->rule, verdict->closed);
    call.server = &the_tracer.server;
    record_verdict(segment, &call, verdict);
    if (verdict->decision == DECISION_DELIVER || verdict->decision == DECISION_REPLACE_PATH) {
        if (deliver(tid, stop, verdict))
            return;
        record_instead(segment, verdict, &other);
        verdict = &other;
    }
    bool answered = verdict->decision == DECISION_ANSWER;
    if (answered && call.mechanism->answer(&call, verdict->value) != 0)
        record_gone(segment, verdict);
    if (answered && !the_tracer.setup->every_call)
        tracer_go_on_and_look(tid);
    else
        let_run_and_look(tid);
}

void tracer_finish_jobs(void) {
    struct job *job = pool_done();
    while (job) {
        struct job *next = job->next;
        struct tracee_state *tracee = tracee_know(job->tid);
        /* Killed meanwhile, or an execve of another thread has given its id away. */
        bool stale = tracee->job != job;
        if (!stale) {
            tracee->job = NULL;
            finish(job->tid, &job->stop, &job->verdict);
        } else {
            verdict_release(&job->verdict);
        }
        tracer_settle(job->tid);
        free(job);
        job = next;
    }
}

/* ---- stops ---- */

bool tracer_refuse_to_sleep(struct server *server) {
    (void)server;
    the_tracer.wants_to_sleep = true;
    return false;
}

/* Serves the call at once, if that is possible without sleeping. */
static bool serve_now(struct stopped_call *call, struct verdict *verdict) {
    the_tracer.wants_to_sleep = false;
    *verdict = serve_call(call, the_tracer.setup->policy);
    return !the_tracer.wants_to_sleep;
}

static bool wait_for_pool(pid_t tid, const struct trace_stop *stop) {
    const struct job *job = pool_take(tid, stop);
    if (job)
        tracee_know(tid)->job = job;
    return job != NULL;
}

/* Looks up what the call is about. False: a thread that may sleep has to do it. */
static bool look_now(pid_t tid, struct trace_stop *stop, struct verdict *verdict) {
    struct mounts *mounts = the_tracer.context.mounts;
    struct stopped_call call = trace_call(tid, stop);
    call.server = &the_tracer.server;
    *verdict = let_run(FALLBACK_BUSY);
    /* Most opens name nothing that would have to be looked up; then nothing is asked of mounts. */
    if (calls_always_look(&call)) {
        identify(call.server, tid);
        if (mounts_looks_sleep(mounts))
            return false;
    }
    return serve_now(&call, verdict);
}

/* Is the call to be changed at its end, where that may be? */
static bool changes_at_end(pid_t tid, struct trace_stop *stop, const struct known_call *known) {
    if (known->task == TASK_UNAME)
        return true; /* the kernel knows best whom it tells what */
    if (!the_tracer.can_look_after || (known->task != TASK_STATFS && known->task != TASK_FSTATFS))
        return false;
    struct stopped_call call = trace_call(tid, stop);
    call.server = &the_tracer.server;
    return !the_tracer.injects || !calls_must_answer(&call, the_tracer.setup->policy);
}

static void serve_stop(pid_t tid, struct trace_stop *stop, const struct known_call *known) {
    struct verdict verdict;
    bool at_end = changes_at_end(tid, stop, known);
    if (at_end && (the_tracer.never_looks_up || known->task == TASK_UNAME)) {
        run_to_end(tid, true);
        return;
    }
    bool served = look_now(tid, stop, &verdict);
    bool exact = verdict.decision == DECISION_ANSWER || verdict.reason == FALLBACK_NONE;
    if (at_end && !(served && exact))
        run_to_end(tid, true);
    else if (served || !wait_for_pool(tid, stop))
        finish(tid, stop, &verdict);
}

/* The end of a call that has told its caller nothing: it is answered as if it had not run. */
static void serve_again(pid_t tid, struct trace_stop *stop) {
    struct verdict verdict;
    if (look_now(tid, stop, &verdict) || !wait_for_pool(tid, stop))
        finish(tid, stop, &verdict);
}

void tracer_on_begin(pid_t tid) {
    struct trace_stop stop;
    server_begin(&the_tracer.server);
    const struct known_call *known = NULL;
    if (trace_stop_read(tid, &stop) == 0)
        known = known_call(stop.registers.arch, registers_number(&stop.registers));
    struct tracee_state *tracee = tracee_known(tid);
    if (!known || (tracee && tracee->injection)) {
        tracer_go_on(tid, 0); /* nothing for us, or a call of ours */
    } else if (tracee && tracee->let_run) {
        tracee->let_run = false;
        let_run_and_look(tid);
        tracer_settle(tid);
    } else if (known->task == TASK_CLONE || known->task == TASK_CLONE3) {
        trace_keep_child(tid, &stop, known);
        tracer_go_on(tid, 0);
    } else {
        serve_stop(tid, &stop, known);
    }
}

/* Changes what the call has told its caller. */
static void change_end(struct stopped_call *call, struct trace_stop *stop, int64_t result) {
    const struct tracer_setup *setup = the_tracer.setup;
    struct verdict verdict = serve_end(call, result, setup->policy);
    if (verdict.decision == DECISION_ANSWER && trace_flush(call) != 0)
        verdict = let_run(FALLBACK_MEMORY);
    record_verdict(setup->segment, call, &verdict);
    if (verdict.decision == DECISION_ANSWER && verdict.value != 0)
        registers_skip(call->tid, &stop->registers, verdict.value); /* EOVERFLOW */
}

void tracer_on_end(pid_t tid) {
    struct trace_stop stop;
    server_begin(&the_tracer.server);
    if (trace_stop_read(tid, &stop) == 0) {
        struct stopped_call call = trace_call(tid, &stop);
        call.server = &the_tracer.server;
        int64_t result = registers_result(&stop.registers);
        if (call_overflowed(&call, result)) {
            serve_again(tid, &stop);
            return;
        }
        change_end(&call, &stop, result);
    }
    tracer_go_on_and_look(tid);
}

void tracer_on_injected(pid_t tid, struct tracee_state *tracee) {
    const struct verdict delivered = {.decision = DECISION_DELIVER, .rule = tracee->delivers};
    const struct verdict other = undelivered(tracee->delivers, tracee->injection->closed);
    server_begin(&the_tracer.server);
    switch (inject_end(&the_tracer.server, the_tracer.setup->policy, tid, tracee->injection)) {
    case INJECTED_AGAIN:
        tracee->stops = 2; /* its begin and its end */
        ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
        return;
    case INJECTED_FAILED:
        tracee->let_run = other.decision == DECISION_LET_RUN;
        record_instead(the_tracer.setup->segment, &delivered, &other);
        break;
    case INJECTED_DONE:
        break;
    }
    tracee->injection = NULL;
    tracer_settle(tid);
    tracer_go_on_and_look(tid);
}
