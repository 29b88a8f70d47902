/* tracer_serve.c - serves the stopped calls of tracees.
 * Rule: nothing here sleeps on a filesystem; a call that may is let run and looked at when it has
 * ended, or needs a thread of the pool. */
#include "tracer_serve.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../calls/calls.h"
#include "../arch/call_table.h"
#include "../mechanism/inject.h"
#include "../mechanism/own_calls.h"
#include "../mechanism/trace.h"
#include "../tracee/identity.h"
#include "pool.h"
#include "record.h"
#include "tracer_attach.h"

struct tracer the_tracer;

/* ---- what is known of a tracee ---- */

void tracer_settle(pid_t tid) {
    const struct tracee_state *tracee = tracee_known(tid);
    if (tracee && tracee->stops == 0 && !tracee->job && !tracee->injection && !tracee->wait &&
        !tracee->let_run)
        tracee_forget(tid);
}

/* ---- going on ---- */

void tracer_go_on(pid_t tid, int signal) {
    const struct tracee_state *tracee = tracee_known(tid);
    bool to_next_stop =
        the_tracer.setup->every_call || (tracee && (tracee->injection || tracee->wait));
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

/* The call has become one of ours, or a copy of itself: what follows is decided at its end. False:
 * it has not, and is as it was. */
static bool run_injected(pid_t tid, struct injection *injection) {
    if (!injection)
        return false;
    tracee_know(tid)->injection = injection;
    run_to_end(tid, false);
    return true;
}

static bool deliver(pid_t tid, const struct trace_stop *stop, const struct verdict *verdict) {
    struct injection *injection =
        inject_begin(&the_tracer.server, tid, stop, verdict, the_tracer.setup->every_call ? 0 : 1);
    if (!run_injected(tid, injection))
        return false;
    tracee_know(tid)->delivers = verdict->rule;
    return true;
}

/* Has the call return this value, and stops at its end. False: it cannot be done so. */
static bool answer_at_end(pid_t tid, struct stopped_call *call, int64_t value) {
    struct trace_stop *stop = call->stop;
    const int error = trace_flush(call);
    struct injection *injection = error == 0 || error == -EFAULT
                                      ? inject_answer(tid, stop, error != 0 ? error : value)
                                      : NULL;
    return run_injected(tid, injection);
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
    /* A call without a number is for such a filter to judge, at the begin of a call. */
    if (answered && the_tracer.setup->every_call && own_calls_meet_filters() &&
        answer_at_end(tid, &call, verdict->value))
        return;
    const int error = answered ? call.mechanism->answer(&call, verdict->value) : 0;
    if (error != 0)
        record_gone(segment, verdict);
    if (error == -ENOENT)
        return;
    if (answered && !the_tracer.setup->every_call)
        tracer_go_on_and_look(tid);
    else
        let_run_and_look(tid);
}

static bool wait_for_pool(pid_t tid, const struct trace_stop *stop) {
    struct job *job = pool_take(tid, stop);
    if (job)
        tracee_know(tid)->job = job;
    return job != NULL;
}

/* Calls that only the tracer looks at. */
static bool is_own(const struct known_call *known) {
    return known && (known->task == TASK_CLONE || known->task == TASK_CLONE3 ||
                     known->task == TASK_SECCOMP || known->task == TASK_PRCTL);
}

/* A listener of the program's own would get calls before us, and what it lets run is stopped by no
 * filter again. Under notify the kernel refuses it. */
static bool wants_listener(const struct stopped_call *call, const struct known_call *known) {
    return !the_tracer.setup->every_call && known->task == TASK_SECCOMP &&
           (uint32_t)call->arguments[0] == K_SECCOMP_SET_MODE_FILTER &&
           (call->arguments[1] & K_SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

/* `touched`: by a thread of the pool, so what the call points at is there, if it is anywhere; if
 * somebody withholds it again, it stays unread, and a child is not made. */
static void serve_own(pid_t tid, struct trace_stop *stop, const struct known_call *known,
                      bool touched) {
    const bool clones = known->task == TASK_CLONE || known->task == TASK_CLONE3;
    struct injection *injection = NULL;
    struct stopped_call call = trace_call(tid, stop);
    bool refused = false;
    the_tracer.wants_to_sleep = false;
    call.server = &the_tracer.server;
    if (known->task == TASK_SECCOMP && tracer_attach_holds(tid, &call))
        return;
    if (clones)
        injection = inject_clone(call.server, tid, stop, touched, &refused);
    else
        own_calls_note_filter(&call, known);
    const bool unread = the_tracer.wants_to_sleep && !injection;
    if (unread && !touched && wait_for_pool(tid, stop))
        return;
    if (refused || (unread && clones)) {
        struct verdict verdict = fail_closed(NO_RULE, FALLBACK_MEMORY);
        verdict.value = -ENOMEM; /* as for any child that is not made */
        finish(tid, stop, &verdict);
        return;
    }
    if (unread)
        own_calls_note_unread(&call);
    if (wants_listener(&call, known)) {
        call.mechanism->answer(&call, -EBUSY);
        tracer_go_on_and_look(tid);
        return;
    }
    if (!clones) {
        const struct verdict verdict = serve_call(&call, the_tracer.setup->policy);
        if (verdict.adds_filter)
            record_verdict(the_tracer.setup->segment, &call, &verdict);
        tracer_detach(&call, verdict.adds_filter);
    }
    if (!run_injected(tid, injection))
        tracer_go_on(tid, 0);
}

void tracer_finish_jobs(void) {
    struct job *job = pool_done();
    while (job) {
        struct job *next = job->next;
        struct tracee_state *tracee = tracee_know(job->tid);
        /* Killed meanwhile, or an execve of another thread has given its id away. */
        bool stale = tracee->job != job || registers_are_replaced(job->tid);
        if (tracee->job == job)
            tracee->job = NULL;
        if (!stale) {
            const struct known_call *known =
                known_call(job->stop.registers.arch, registers_number(&job->stop.registers));
            if (is_own(known))
                serve_own(job->tid, &job->stop, known, true);
            else
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

/* Looking up has taken a while: has another thread taken the id over by execve(2)? Its stop there
 * comes next, and this one has not been. An answer asks that itself (arch/registers.h), and what no
 * rule names has taken no while. */
static bool is_gone(pid_t tid, const struct verdict *verdict) {
    const bool asks_itself = verdict->decision == DECISION_ANSWER;
    const bool named = verdict->decision != DECISION_LET_RUN || verdict->reason != FALLBACK_NONE;
    if (asks_itself || !named || !registers_are_replaced(tid))
        return false;
    verdict_release(verdict);
    return true;
}

/* The kernel knows best whom it tells what. */
static bool must_end_first(const struct known_call *known) {
    return known->task == TASK_UNAME || known->task == TASK_SYSINFO;
}

/* May what the call has told its caller be changed at its end? */
static bool changes_at_end(pid_t tid, struct trace_stop *stop, const struct known_call *known) {
    if (!the_tracer.can_look_after || (known->task != TASK_STATFS && known->task != TASK_FSTATFS))
        return false;
    struct stopped_call call = trace_call(tid, stop);
    call.server = &the_tracer.server;
    return !the_tracer.injects || !calls_must_answer(&call, the_tracer.setup->policy);
}

static void serve_stop(pid_t tid, struct trace_stop *stop, const struct known_call *known) {
    struct verdict verdict;
    if (must_end_first(known) || (the_tracer.never_looks_up && changes_at_end(tid, stop, known))) {
        run_to_end(tid, true);
        return;
    }
    const bool served = look_now(tid, stop, &verdict);
    if (is_gone(tid, &verdict))
        return;
    const bool exact = verdict.decision == DECISION_ANSWER || verdict.reason == FALLBACK_NONE;
    if (!(served && exact) && changes_at_end(tid, stop, known))
        run_to_end(tid, true);
    else if (served || !wait_for_pool(tid, stop))
        finish(tid, stop, &verdict);
}

/* The end of a call that has told its caller nothing: it is answered as if it had not run. */
static void serve_again(pid_t tid, struct trace_stop *stop) {
    struct verdict verdict;
    bool served = look_now(tid, stop, &verdict);
    if (!is_gone(tid, &verdict) && (served || !wait_for_pool(tid, stop)))
        finish(tid, stop, &verdict);
}

/* Its call comes later, or never: it is served as any other. */
void tracer_forget_let_run(pid_t tid) {
    struct tracee_state *tracee = tracee_known(tid);
    if (!tracee || !tracee->let_run)
        return;
    tracee->let_run = false;
    tracer_settle(tid);
}

/* Is it the call that is to be let run? Whatever else comes first, that is over. */
static bool is_made_again(pid_t tid, const struct registers *registers) {
    const struct tracee_state *tracee = tracee_known(tid);
    const bool again = tracee && tracee->let_run && call_is_made_again(&tracee->made, registers);
    tracer_forget_let_run(tid);
    return again;
}

void tracer_serve_held(void) {
    for (pid_t tid; (tid = tracer_attach_next_held()) != 0;)
        if (!registers_are_replaced(tid))
            tracer_on_begin(tid);
}

void tracer_on_begin(pid_t tid) {
    struct trace_stop stop;
    server_begin(&the_tracer.server);
    const struct known_call *known = NULL;
    if (trace_stop_read(tid, &stop) == 0)
        known = known_call(stop.registers.arch, registers_number(&stop.registers));
    const bool again = known && is_made_again(tid, &stop.registers);
    const struct tracee_state *tracee = tracee_known(tid);
    if (!known || (tracee && tracee->injection)) {
        tracer_go_on(tid, 0); /* nothing for us, or a call of ours */
    } else if (again) {
        let_run_and_look(tid);
    } else if (is_own(known)) {
        serve_own(tid, &stop, known, false);
    } else if (!run_injected(tid, tracer_attach(tid, &stop, known))) {
        serve_stop(tid, &stop, known);
    }
}

/* As without a tracer: seccomp(2), SECCOMP_RET_TRACE. */
void tracer_on_foreign(pid_t tid) {
    struct registers registers;
    if (registers_get(tid, &registers) == 0)
        registers_skip(tid, &registers, -ENOSYS);
    tracer_go_on_and_look(tid);
}

/* Changes what the call has told its caller. False: there is no such caller any more. */
static bool change_end(struct stopped_call *call, struct trace_stop *stop, int64_t result) {
    const struct tracer_setup *setup = the_tracer.setup;
    struct verdict verdict = serve_end(call, result, setup->policy);
    if (is_gone(call->tid, &verdict))
        return false;
    const int error = verdict.decision == DECISION_ANSWER ? trace_flush(call) : 0;
    if (error == -ESRCH)
        return false;
    if (error != 0)
        verdict = let_run(FALLBACK_MEMORY);
    record_verdict(setup->segment, call, &verdict);
    if (verdict.decision == DECISION_ANSWER && verdict.value != 0)
        registers_skip(call->tid, &stop->registers, verdict.value); /* EOVERFLOW */
    return true;
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
        stop.ended = true;
        if (!change_end(&call, &stop, result))
            return;
    }
    tracer_go_on_and_look(tid);
}

static enum injected end_injected(pid_t tid, struct injection *injection) {
    return injection->step == INJECTION_ATTACH
               ? tracer_attach_end(tid, injection)
               : inject_end(&the_tracer.server, the_tracer.setup->policy, tid, injection);
}

void tracer_on_injected(pid_t tid, struct tracee_state *tracee) {
    const struct verdict delivered = {.decision = DECISION_DELIVER, .rule = tracee->delivers};
    const struct verdict other = undelivered(tracee->delivers, tracee->injection->closed);
    const struct call_made made = call_made(&tracee->injection->before);
    server_begin(&the_tracer.server);
    switch (end_injected(tid, tracee->injection)) {
    case INJECTED_AGAIN:
        tracee->stops = 2; /* its begin and its end */
        ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
        return;
    case INJECTED_FAILED:
        tracee->let_run = other.decision == DECISION_LET_RUN;
        tracee->made = made;
        record_instead(the_tracer.setup->segment, &delivered, &other);
        break;
    case INJECTED_DONE:
    case INJECTED_REPEATED:
        break;
    case INJECTED_GONE:
        return; /* execve's stop comes next */
    }
    tracee->injection = NULL;
    tracer_settle(tid);
    tracer_go_on_and_look(tid);
    tracer_serve_held();
}
