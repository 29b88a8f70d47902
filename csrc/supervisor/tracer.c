/* tracer.c - traces the command and its descendants by ptrace(2): waits for their stops.
 * Rule: one thread traces. Signals pass with their siginfo; a group-stop is listened to, never
 * restarted. If this process dies, EXITKILL ends the tree. */
#include "tracer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../arch/registers.h"
#include "../calls/calls.h"
#include "../arch/call_table.h"
#include "../mechanism/inject.h"
#include "../mechanism/lineage.h"
#include "../mechanism/own_calls.h"
#include "../mechanism/page_maps.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "../tracee/lookup_cache.h"
#include "../tracee/pidfd_cache.h"
#include "../tracee/rights.h"
#include "pool.h"
#include "family.h"
#include "tracer_attach.h"
#include "tracer_waits.h"
#include "../process/proctitle.h"

#define MOST_CHANGES 64
#define ROUNDS_OF_ONE 4 /* asking whether there is more costs a call */

/* ---- stops ---- */

static void forget_stops(pid_t tid) {
    struct tracee_state *tracee = tracee_known(tid);
    if (tracee && tracee->injection)
        injection_forget(tracee->injection);
    if (tracee && tracee->job)
        tracee->job->over = true;
    waits_forget(tracee);
    tracer_attach_forget(tid);
    tracee_forget(tid);
    page_map_forget(tid);
    tracer_serve_held();
}

/* The thread is gone, or its id is another one's now. */
static void forget(pid_t tid) {
    forget_stops(tid);
    lineage_forget(tid);
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
    const bool begin = begins(tid, tracee, &info);
    waits_note(tracee, &info, begin);
    if (!begin || (tracee->wait && waits_on_call_stop(tid, tracee)))
        return begin;
    tracee = tracee_know(tid);
    tracee->stops = 1;
    tracee->looks_after = false;
    /* Most calls are none of ours: where the kernel has said which, no registers are read. */
    if (info.moment == MOMENT_BEGIN && !known_call(info.arch, info.number))
        tracer_go_on(tid, 0);
    else
        tracer_on_begin(tid);
    return true;
}

static void on_call_stop(pid_t tid) {
    bool every_call = the_tracer.setup->every_call;
    struct tracee_state *tracee = tracee_know(tid);
    if (every_call && (begin_call(tid, tracee) || waits_at_end(tid, tracee)))
        return;
    if (tracee->wait) {
        if (!waits_on_call_stop(tid, tracee))
            tracer_go_on(tid, 0);
        return;
    }
    if (tracee->stops > 1) {
        tracee->stops--;
        ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
        return;
    }
    tracee->stops = 0;
    if (tracee->injection) {
        tracer_on_injected(tid, tracee);
        return;
    }
    bool looks_after = tracee->looks_after;
    if (!every_call)
        tracer_settle(tid);
    if (looks_after)
        tracer_on_end(tid);
    else
        tracer_go_on_and_look(tid);
}

/* Whatever was known of the other threads' ids belongs to threads that are gone. */
static void on_exec(pid_t tid) {
    unsigned long former = 0;
    ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former);
    if ((pid_t)former != tid && (own_calls_are_counted() || lineage_tells_our_ids(tid)))
        forget((pid_t)former);
    forget_stops(tid);
    if (!own_calls_are_counted())
        lineage_note_exec(tid);
    pidfd_cache_forget(the_tracer.server.pidfd_cache, tid);
    /* The end of execve comes next, but not always in gVisor, where registers tell. */
    if (the_tracer.setup->every_call && !ARCH_TELLS_BEGIN)
        tracee_know(tid)->stops = 1;
}

/* What clone(2) makes is a thread nearly always; another one matters where there are filters. */
static void on_child(pid_t tid, bool is_thread) {
    unsigned long child = 0;
    if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child) != 0)
        return;
    tracer_attach_note_child(tid, (pid_t)child, is_thread);
    if (!own_calls_are_counted() && (!is_thread || own_calls_meet_filters()))
        lineage_note_child(tid, (pid_t)child, is_thread);
}

static void on_event(pid_t tid, int event, int signal) {
    struct tracer *tracer = &the_tracer;
    switch (event) {
    case PTRACE_EVENT_SECCOMP:
        waits_forget(tracee_known(tid));
        if (own_calls_meet_filters() && !trace_is_ours(tid))
            tracer_on_foreign(tid);
        else
            tracer_on_begin(tid);
        return;
    case PTRACE_EVENT_STOP:
        /* The first stop of a new tracee says SIGTRAP; every other one is a group-stop. */
        if (signal != SIGTRAP) {
            waits_on_group_stop(tid);
            family_note_stop(tid, signal);
            ptrace(PTRACE_LISTEN, tid, NULL, NULL);
            return;
        }
        family_note_continued(tid);
        inject_begin_child(tid);
        break;
    case PTRACE_EVENT_EXEC:
        on_exec(tid);
        break;
    default: /* fork, vfork, clone: the new one reports itself */
        on_child(tid, event == PTRACE_EVENT_CLONE);
        break;
    }
    if (tracer->setup->every_call || event == PTRACE_EVENT_STOP)
        tracer_go_on(tid, 0); /* looks for signals next, or at the end of the call */
    else
        tracer_go_on_and_look(tid);
}

static void on_status(pid_t tid, int status) {
    if (!WIFSTOPPED(status)) {
        forget(tid);
        family_note(tid, status);
        return;
    }
    int signal = WSTOPSIG(status);
    if (signal == K_CALL_STOP)
        on_call_stop(tid);
    else if (status >> 16 != 0)
        on_event(tid, status >> 16, signal);
    else if (!waits_on_signal(tid, signal)) {
        tracer_forget_let_run(tid);
        tracer_go_on(tid, signal); /* siginfo stays as it is */
    }
}

/* ---- waiting ---- */

static void wake_up(int signal) {
    (void)signal;
}

/* Waits for a change of a tracee, a finished job, or the end of a call that was made again. */
static void wait_for_both(void) {
    sigset_t all_but_child;
    sigfillset(&all_but_child);
    sigdelset(&all_but_child, SIGCHLD);
    const int next = waits_next();
    const struct timespec period = {next / 1000, next % 1000 * 1000000L};
    struct pollfd wake = {.fd = the_tracer.wake, .events = POLLIN};
    if (ppoll(&wake, 1, next >= 0 ? &period : NULL, &all_but_child) == 1)
        tracer_finish_jobs();
}

bool tracer_prepare(const struct tracer_setup *setup) {
    struct tracer *tracer = &the_tracer;
    const struct sigaction action = {.sa_handler = wake_up};
    sigset_t child;
    proctitle_set("spoof-guardian", "seccomp-spoof: tracer");
    tracer->setup = setup;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigaction(SIGCHLD, &action, NULL);
    struct context *context = &tracer->context;
    static struct pidfd_cache pidfd_cache;
    tracer->server = (struct server){
        .context = context,
        .pidfd_cache = &pidfd_cache,
        .lookup_cache = lookup_cache_new(),
        .receiving = true,
        .always_receives = true,
        .step_aside = tracer_refuse_to_sleep,
    };
    static struct attach_setup attach;
    attach = (struct attach_setup){setup->policy, &setup->plan, setup->segment, &tracer->server};
    tracer_attach_prepare(&attach);
    page_maps_begin(&tracer->server);
    tracer->wake = pool_open(context, tracer->setup->policy);
    if (tracer->wake < 0 || context_read(context) != 0 || rights_choose_proof(context) != 0)
        return false;
    context->root_changed = &tracer->setup->segment->root_changed;
    context->restricted = &tracer->setup->segment->restricted;
    tracer->can_look_after = calls_can_look_after(tracer->setup->policy);
    tracer->injects = (blob_header(tracer->setup->policy)->calls & SPOOF_CALLS_OPEN) != 0;
    tracer->never_looks_up =
        tracer->can_look_after && (tracer->setup->every_call || context->proof == PROOF_BY_WALKING);
    return true;
}

/* ---- one after the other ---- */

struct change {
    pid_t tid;
    int status;
};

/* What has happened to tracees. The kernel tells of the newest tracee first, which would starve the
 * others where there is always one that has stopped; so now and then all that is known is taken
 * before any of them goes on. Returns how many; 0, or -errno, of waitpid(2). */
static int take_changes(struct change *changes, bool may_sleep) {
    static unsigned taken;
    int count = 0;
    int most = ++taken % ROUNDS_OF_ONE == 0 ? MOST_CHANGES : 1;
    while (count < most) {
        struct change *change = &changes[count];
        int flags = __WALL | (may_sleep && count == 0 ? 0 : WNOHANG);
        change->tid = waitpid(-1, &change->status, flags);
        if (change->tid <= 0)
            return count > 0 || change->tid == 0 ? count : -errno;
        count++;
    }
    return count;
}

/* Has another thread taken over the id by execve(2), while the stop waited its turn? */
static bool is_outdated(const struct change *change) {
    const int why = change->status >> 8;
    /* A SIGTRAP that the program has sent itself may look like it. */
    return WIFSTOPPED(change->status) && why != (SIGTRAP | PTRACE_EVENT_EXEC << 8) &&
           why != SIGTRAP && registers_are_replaced(change->tid);
}

void tracer_run(void) {
    struct change changes[MOST_CHANGES];
    rights_must_usual(&the_tracer.server);
    for (;;) {
        bool alone = pool_outstanding() == 0 && waits_next() < 0;
        int count = take_changes(changes, alone);
        for (int i = 0; i < count; i++)
            if (count == 1 || !is_outdated(&changes[i]))
                on_status(changes[i].tid, changes[i].status);
        if (count > 0 && pool_outstanding() > 0)
            tracer_finish_jobs(); /* also if there is always a stop to look at */
        if (count == -ECHILD)
            return;
        if (count <= 0 && !alone)
            wait_for_both();
        waits_end();
    }
}
