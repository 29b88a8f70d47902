/* tracer_attach.c - when programs get the agent, and its calls as calls of ours.
 * Rule: as in its header; and only in programs without a filter of their own, which would see them.
 */
#include "tracer_attach.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../inline/attach.h"
#include "../inline/due.h"
#include "../inline/enter.h"
#include "../inline/rest.h"
#include "../mechanism/own_calls.h"
#include "../mechanism/trace.h"
#include "filtered.h"
#include "record.h"

static const struct attach_setup *the_setup;

void tracer_attach_prepare(const struct attach_setup *setup) {
    the_setup = setup;
}

/* Threads that make calls of ours now. One of all changes code; others only say that their programs
 * have threads. */
static struct attaching {
    pid_t tid; /* 0: free */
    struct attach attach;
} attaching[8];
#define MOST_ATTACHING (sizeof attaching / sizeof *attaching)

static struct attaching *attaching_of(pid_t tid) {
    for (size_t i = 0; i < MOST_ATTACHING; i++)
        if (attaching[i].tid == tid)
            return &attaching[i];
    return NULL;
}

/* NULL: it has to wait. */
static struct attaching *begin_attaching(bool has_threads) {
    bool changes = false;
    for (size_t i = 0; i < MOST_ATTACHING; i++)
        changes = changes || (attaching[i].tid != 0 && !attaching[i].attach.has_threads);
    return changes && !has_threads ? NULL : attaching_of(0);
}

/* Nobody is served meanwhile. */
static struct rest rest;

/* A program may have threads of which its page does not say so: no opens of C libraries any more.
 */
static bool lost_threads;

static enum inline_outcome begin(struct stopped_call *call, const struct trace_stop *stop,
                                 bool has_threads, struct attach *attach) {
    *attach = (struct attach){
        .policy = the_setup->policy,
        .plan = the_setup->plan,
        .poke = trace_poke_code,
        .back = registers_address(&stop->registers),
        .has_threads = has_threads,
        .opens_by_library = !lost_threads,
    };
    const int64_t began = rest_begin();
    const enum inline_outcome outcome = attach_begin(call, attach);
    rest_note(&rest, began);
    return outcome;
}

static struct injection *replace(pid_t tid, const struct trace_stop *stop, struct attaching *own) {
    const struct attach *attach = &own->attach;
    struct injection *injection = injection_new(stop, INJECTION_ATTACH);
    if (injection && registers_replace_call(tid, &injection->before, attach->next.number,
                                            attach->next.arguments, attach->next.count) == 0) {
        own->tid = tid;
        return injection;
    }
    if (injection)
        injection_forget(injection);
    return NULL;
}

struct injection *tracer_attach(pid_t tid, const struct trace_stop *stop,
                                const struct known_call *known) {
    const struct attach_setup *setup = the_setup;
    if (setup->plan->address == 0)
        return NULL;
    const bool has_threads = known->task == TASK_SIGACTION;
    const struct due_call due = {tid, known, registers_address(&stop->registers),
                                 setup->server->context->proc};
    if (!has_threads && (rest_goes_on(&rest) || !due_count(&due, setup->policy, setup->plan)))
        return NULL;
    struct trace_stop copy = *stop;
    struct stopped_call call = trace_call(tid, &copy);
    call.server = setup->server;
    if (has_threads && !inline_sets_handler(&call))
        return NULL;
    struct attaching *own = begin_attaching(has_threads);
    enum inline_outcome outcome = INLINE_BUSY;
    if (own_calls_meet_filters_beside(tid, 1) || filtered_is_beside(tid))
        outcome = INLINE_FILTERED;
    else if (own)
        outcome = begin(&call, stop, has_threads, &own->attach);
    if (!has_threads)
        due_note(&due, outcome);
    struct injection *injection = outcome == INLINE_BOOTING ? replace(tid, stop, own) : NULL;
    lost_threads = lost_threads || (has_threads && !injection && outcome != INLINE_DONE);
    record_inline(setup->segment, outcome);
    return injection;
}

static enum injected end(struct attaching *own, struct injection *injection,
                         enum inline_outcome outcome) {
    const pid_t tid = own->tid;
    lost_threads = lost_threads || (own->attach.has_threads && outcome != INLINE_DONE);
    own->tid = 0;
    record_inline(the_setup->segment, outcome);
    return injection_finish(tid, injection, INJECTED_REPEATED, 0);
}

enum injected tracer_attach_end(pid_t tid, struct injection *injection) {
    struct attaching *own = attaching_of(tid);
    if (!own) /* never: it has such an injection */
        return injection_finish(tid, injection, INJECTED_REPEATED, 0);
    struct attach *attach = &own->attach;
    struct trace_stop stop = {.registers = injection->before};
    struct stopped_call call = trace_call(tid, &stop);
    struct registers now;
    const int64_t result = registers_get(tid, &now) == 0 ? registers_result(&now) : -ESRCH;
    call.server = the_setup->server;
    if (injection_is_interrupted(result) && injection->holds_signals)
        return injection_again(tid, injection);
    const int64_t began = rest_begin();
    const enum inline_outcome outcome = attach_go_on(&call, attach, result);
    rest_note(&rest, began);
    if (outcome != INLINE_BOOTING) {
        due_note(&(struct due_call){.tid = tid, .back = attach->back}, outcome);
        return end(own, injection, outcome);
    }
    return injection_next(tid, injection, INJECTION_ATTACH, attach->next.number,
                          attach->next.arguments, attach->next.count);
}

void tracer_attach_note_child(pid_t maker, pid_t child, bool is_thread) {
    if (the_setup->plan->address == 0)
        return;
    filtered_note_child(maker, child);
    if (is_thread)
        due_note_thread(maker, child);
}

/* ---- filters for all threads ---- */

/* More at the same moment are not held. */
static pid_t held[8];
#define MOST_HELD (sizeof held / sizeof *held)

static bool of_one_program(const struct server *server, pid_t one, pid_t other) {
    char name[64];
    snprintf(name, sizeof name, "%d/task/%d", one, other);
    return faccessat(server->context->proc, name, F_OK, 0) == 0;
}

static bool is_beside_attaching(pid_t tid) {
    for (size_t i = 0; i < MOST_ATTACHING; i++)
        if (attaching[i].tid != 0 && of_one_program(the_setup->server, attaching[i].tid, tid))
            return true;
    return false;
}

bool tracer_attach_holds(pid_t tid, const struct stopped_call *call) {
    if ((uint32_t)call->arguments[0] != K_SECCOMP_SET_MODE_FILTER ||
        !(call->arguments[1] & K_SECCOMP_FILTER_FLAG_TSYNC) || !is_beside_attaching(tid))
        return false;
    for (size_t i = 0; i < MOST_HELD; i++)
        if (held[i] == 0) {
            held[i] = tid;
            return true;
        }
    return false;
}

pid_t tracer_attach_next_held(void) {
    for (size_t i = 0; i < MOST_HELD; i++)
        if (held[i] != 0 && !is_beside_attaching(held[i])) {
            const pid_t tid = held[i];
            held[i] = 0;
            return tid;
        }
    return 0;
}

void tracer_attach_forget(pid_t tid) {
    for (size_t i = 0; i < MOST_HELD; i++)
        if (held[i] == tid)
            held[i] = 0;
    filtered_forget(tid);
    struct attaching *own = attaching_of(tid);
    if (!own || tid == 0)
        return;
    own->tid = 0;
    lost_threads = lost_threads || own->attach.has_threads;
}

void tracer_detach(struct stopped_call *call, bool adds_filter) {
    const struct attach_setup *setup = the_setup;
    if (setup->plan->address == 0)
        return;
    if (adds_filter)
        filtered_note(call->tid);
    if (inline_must_stop(call, setup->plan, adds_filter))
        record_inline(setup->segment, inline_stop(call, setup->plan, trace_poke_code));
}
