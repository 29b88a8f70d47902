/* tracer.c - serves stopped calls by ptrace(2).
 * Rule: one thread traces and never sleeps on a filesystem; a call that may is let run and looked
 * at when it has ended, or needs a thread of the pool. Signals pass with their siginfo; a
 * group-stop is listened to, never restarted. If this process dies, EXITKILL ends the tree. */
#include "tracer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../arch/arch.h"
#include "../calls/calls.h"
#include "../calls/table.h"
#include "../mechanism/inject.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "../tracee/mounts.h"
#include "log.h"
#include "pool.h"
#include "record.h"
#include "server.h"
#include "title.h"
#include "tracees.h"

#define LOG_PERIOD_MS 100
#define CALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

struct tracer {
    const struct tracer_setup *setup;
    struct surroundings surroundings;
    struct server server; /* of the tracing thread */
    bool wants_to_sleep;  /* the call that is served could sleep */
    bool can_look_after;  /* no rule needs the path of a call: its end says enough */
    bool never_looks_up;  /* ... and that costs less than to look files up ourselves */
    bool injects;         /* programs may hold files of ours */
    int wake;             /* a job of the pool is done */
};

static struct tracer the_tracer;

/* ---- what is known of a tracee ---- */

/* The thread is gone, or its id is another one's now. */
static void forget(pid_t tid) {
    struct tracee_state *tracee = tracee_known(tid);
    if (tracee && tracee->injection)
        inject_forget(tracee->injection);
    tracee_forget(tid);
}

/* Its call has ended: is anything else left to know? */
static void settle(pid_t tid) {
    const struct tracee_state *tracee = tracee_known(tid);
    if (tracee && tracee->stops == 0 && !tracee->job && !tracee->injection && !tracee->let_run)
        tracee_forget(tid);
}

/* ---- going on ---- */

static void go_on(pid_t tid, int signal) {
    const struct tracee_state *tracee = tracee_known(tid);
    bool to_next_stop = the_tracer.setup->every_call || (tracee && tracee->injection);
    /* Fails only if the tracee was killed meanwhile. */
    ptrace(to_next_stop ? PTRACE_SYSCALL : PTRACE_CONT, tid, NULL, (void *)(long)signal);
}

/* A signal that was sent while all threads of a program were stopped wakes none of them up in
 * gVisor, and waits for another one. A further stop, right after this call, makes it look. */
static void go_on_and_look(pid_t tid) {
    if (the_tracer.setup->probe.late_signals)
        ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
    go_on(tid, 0);
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
        go_on(tid, 0);
}

static void deliver(pid_t tid, const struct trace_stop *stop, const struct verdict *verdict) {
    struct injection *injection = inject_begin(tid, stop, verdict);
    const struct verdict other = let_run(FALLBACK_DELIVERY);
    if (!injection) {
        record_instead(the_tracer.setup->segment, verdict, &other);
        let_run_and_look(tid);
        return;
    }
    tracee_know(tid)->injection = injection;
    tracee_know(tid)->delivers = verdict->rule;
    run_to_end(tid, false);
}

static void finish(pid_t tid, struct trace_stop *stop, const struct verdict *verdict) {
    struct segment *segment = the_tracer.setup->segment;
    struct stopped_call call = trace_call_again(tid, stop);
    call.server = &the_tracer.server;
    bool answered = verdict->decision == DECISION_ANSWER;
    record_verdict(segment, &call, verdict);
    if (verdict->decision == DECISION_DELIVER || verdict->decision == DECISION_REPLACE_PATH) {
        deliver(tid, stop, verdict);
        return;
    }
    if (answered && call.mechanism->answer(&call, verdict->value) != 0)
        record_gone(segment, verdict);
    if (answered && !the_tracer.setup->every_call)
        go_on_and_look(tid);
    else
        let_run_and_look(tid);
}

static void finish_done_jobs(void) {
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
        settle(job->tid);
        free(job);
        job = next;
    }
}

/* ---- stops ---- */

static bool refuse_to_sleep(struct server *server) {
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
    struct mounts *mounts = the_tracer.surroundings.mounts;
    struct stopped_call call = trace_call(tid, stop);
    call.server = &the_tracer.server;
    *verdict = let_run(FALLBACK_BUSY);
    mounts_refresh(mounts);
    /* Most opens name nothing that would have to be looked up. */
    return (!calls_always_look(&call) || !mounts_looks_sleep(mounts)) && serve_now(&call, verdict);
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

/* A stop at the begin of a call. */
static void on_begin(pid_t tid) {
    struct trace_stop stop;
    const struct known_call *known = NULL;
    if (trace_stop_read(tid, &stop) == 0)
        known = known_call(stop.registers.arch, registers_number(&stop.registers));
    struct tracee_state *tracee = tracee_known(tid);
    if (!known || (tracee && tracee->injection)) {
        go_on(tid, 0); /* nothing for us, or a call of ours */
    } else if (tracee && tracee->let_run) {
        tracee->let_run = false;
        let_run_and_look(tid);
        settle(tid);
    } else if (known->task == TASK_CLONE || known->task == TASK_CLONE3) {
        trace_keep_child(tid, &stop, known);
        go_on(tid, 0);
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

/* The end of a call that is to be looked at: it has told its caller the truth, who does not run
 * before we let it. */
static void on_end(pid_t tid) {
    struct trace_stop stop;
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
    go_on_and_look(tid);
}

/* The end of a call of ours. */
static void on_injected(pid_t tid, struct tracee_state *tracee) {
    const struct verdict delivered = {.decision = DECISION_DELIVER, .rule = tracee->delivers};
    const struct verdict other = let_run(FALLBACK_DELIVERY);
    switch (inject_end(&the_tracer.server, the_tracer.setup->policy, tid, tracee->injection)) {
    case INJECTED_AGAIN:
        tracee->stops = 2; /* its begin and its end */
        ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
        return;
    case INJECTED_FAILED:
        tracee->let_run = true;
        record_instead(the_tracer.setup->segment, &delivered, &other);
        break;
    case INJECTED_DONE:
        break;
    }
    tracee->injection = NULL;
    settle(tid);
    go_on_and_look(tid);
}

/* Is this stop of mechanism ptrace the begin of a call? Where the kernel does not say it the two
 * alternate; but gVisor leaves the end out where an execve takes another thread's id. */
static bool begins(pid_t tid, const struct tracee_state *tracee, const struct call_info *info) {
    struct registers registers;
    if (info->moment != MOMENT_UNKNOWN)
        return info->moment == MOMENT_BEGIN;
    return tracee->stops == 0 && registers_get(tid, &registers) == 0 &&
           registers_may_begin(&registers);
}

/* A call stop of mechanism ptrace. False: it is no begin. */
static bool begin_call(pid_t tid, struct tracee_state *tracee) {
    struct call_info info = registers_call_info(tid);
    if (!begins(tid, tracee, &info))
        return false;
    tracee->stops = 1;
    tracee->looks_after = false;
    /* Most calls are none of ours: where the kernel has said which, no registers are read. */
    if (info.moment == MOMENT_BEGIN && !known_call(info.arch, info.number))
        go_on(tid, 0);
    else
        on_begin(tid);
    return true;
}

static void on_call_stop(pid_t tid) {
    bool every_call = the_tracer.setup->every_call;
    struct tracee_state *tracee = tracee_know(tid);
    if (every_call && begin_call(tid, tracee))
        return;
    if (tracee->stops > 1) {
        tracee->stops--;
        ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
        return;
    }
    tracee->stops = 0;
    if (tracee->injection) {
        on_injected(tid, tracee);
        return;
    }
    bool looks_after = tracee->looks_after;
    if (!every_call)
        settle(tid);
    if (looks_after)
        on_end(tid);
    else
        go_on_and_look(tid);
}

/* Whatever was known of either id belongs to a thread that is gone. */
static void on_exec(pid_t tid) {
    unsigned long former = 0;
    ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former);
    forget((pid_t)former);
    forget(tid);
    /* The end of execve comes next, but not always in gVisor, where registers tell. */
    if (the_tracer.setup->every_call && !ARCH_TELLS_BEGIN)
        tracee_know(tid)->stops = 1;
}

static void on_event(pid_t tid, int event, int signal) {
    struct tracer *tracer = &the_tracer;
    switch (event) {
    case PTRACE_EVENT_SECCOMP:
        on_begin(tid);
        return;
    case PTRACE_EVENT_STOP:
        /* The first stop of a new tracee says SIGTRAP; every other one is a group-stop. */
        if (signal != SIGTRAP) {
            ptrace(PTRACE_LISTEN, tid, NULL, NULL);
            return;
        }
        break;
    case PTRACE_EVENT_EXEC:
        on_exec(tid);
        break;
    default: /* fork, vfork, clone: the new one reports itself */
        break;
    }
    if (tracer->setup->every_call || event == PTRACE_EVENT_STOP)
        go_on(tid, 0); /* looks for signals next, or at the end of the call */
    else
        go_on_and_look(tid);
}

static void on_status(pid_t tid, int status) {
    if (!WIFSTOPPED(status)) {
        forget(tid);
        return;
    }
    int signal = WSTOPSIG(status);
    if (signal == CALL_STOP)
        on_call_stop(tid);
    else if (status >> 16 != 0)
        on_event(tid, status >> 16, signal);
    else
        go_on(tid, signal); /* siginfo stays as it is */
}

/* ---- waiting ---- */

static void wake_up(int signal) {
    (void)signal;
}

/* Waits for a change of a tracee or a finished job. */
static void wait_for_both(void) {
    sigset_t all_but_child;
    sigfillset(&all_but_child);
    sigdelset(&all_but_child, SIGCHLD);
    const struct timespec period = {0, LOG_PERIOD_MS * 1000000L};
    struct pollfd wake = {.fd = the_tracer.wake, .events = POLLIN};
    if (ppoll(&wake, 1, the_tracer.setup->logging ? &period : NULL, &all_but_child) == 1)
        finish_done_jobs();
}

static bool prepare(struct tracer *tracer) {
    const struct sigaction action = {.sa_handler = wake_up};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigaction(SIGCHLD, &action, NULL);
    struct surroundings *surroundings = &tracer->surroundings;
    tracer->server = (struct server){
        .surroundings = surroundings,
        .receiving = true,
        .step_aside = refuse_to_sleep,
    };
    tracer->wake = pool_open(surroundings, tracer->setup->policy);
    if (tracer->wake < 0 || surroundings_read(surroundings) != 0 ||
        surroundings_settle(surroundings) != 0)
        return false;
    tracer->can_look_after = calls_can_look_after(tracer->setup->policy);
    tracer->injects = (blob_header(tracer->setup->policy)->calls & BLOB_CALLS_OPEN) != 0;
    tracer->never_looks_up = tracer->can_look_after &&
                             (tracer->setup->every_call || surroundings->proof == PROOF_BY_WALKING);
    return resume_identity(&tracer->server) == 0;
}

int tracer_seize(pid_t starter, bool every_call) {
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
    if (!every_call)
        options |= PTRACE_O_TRACESECCOMP;
    if (ptrace(PTRACE_SEIZE, starter, NULL, (void *)options) != 0)
        return -errno;
    if (!every_call)
        return 0;
    /* Stop it once, so that it goes on from call to call. */
    return ptrace(PTRACE_INTERRUPT, starter, NULL, NULL) == 0 ? 0 : -errno;
}

void tracer_run(const struct tracer_setup *setup) {
    struct tracer *tracer = &the_tracer;
    title_set("spoof-guardian", "seccomp-spoof: tracer");
    tracer->setup = setup;
    if (!prepare(tracer))
        return;
    for (;;) {
        int status = 0;
        bool alone = pool_outstanding() == 0 && !setup->logging;
        pid_t tid = waitpid(-1, &status, __WALL | (alone ? 0 : WNOHANG));
        if (tid > 0) {
            on_status(tid, status);
            if (pool_outstanding() > 0)
                finish_done_jobs(); /* also if there is always a stop to look at */
        } else if (tid < 0 && errno == ECHILD) {
            return;
        } else if (!alone) {
            wait_for_both();
        }
        if (setup->logging)
            log_events(setup->segment, setup->policy, setup->log_level, 0);
    }
}
