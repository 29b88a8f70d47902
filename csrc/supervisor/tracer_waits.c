/* tracer_waits.c - makes calls again that a signal has ended which their program ignores: the
 * kernel does not discard it for who is traced (sig_ignored() in kernel/signal.c). Rule: what the
 * program would see without a tracer. A signal with a handler, or a stop, that comes before the
 * call runs again ends it after all; and it ends when its time is over. Where the end of the call
 * is seen it does not wait for the signal: another thread of the program may take that meanwhile.
 */
#include "tracer_waits.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../mechanism/trace.h"
#include "../tracee/credentials.h"
#include "../tracee/proc_text.h"
#include "tracer_serve.h"
#include "wait_time.h"

struct wait {
    struct wait *next;
    pid_t tid;
    enum {
        WAIT_REWOUND, /* what comes next is the begin of the call */
        WAIT_LEFT,    /* ... or a handler: the kernel decides by ERESTARTNOHAND */
        WAIT_RUNS,
        WAIT_ENDED, /* by a further signal */
    } state;
    struct registers before; /* at the end that it is to forget */
    uint64_t deadline;
    int32_t timed_out; /* what it returns then */
    bool told;         /* that its time is over */
    bool known;        /* what its program ignores, and that it is this call which ends */
};

static struct wait *waits;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * WAIT_TIME_SECOND + (uint64_t)time.tv_nsec;
}

/* ---- is it ignored? ---- */

#define BIT(signal) (1ULL << ((signal)-1))

struct dispositions {
    uint64_t ignored, caught;
    pid_t group;
    bool known;   /* gVisor does not say */
    bool is_init; /* of a pid namespace: only what it asks for reaches it */
};

static void read_dispositions(pid_t tid, struct dispositions *dispositions) {
    char name[16];
    struct status_value values[] = {
        {.name = "SigIgn:"}, {.name = "SigCgt:"}, {.name = "Tgid:"}, {.name = "NStgid:"}};
    const char *ignored = values[0].text, *caught = values[1].text;
    snprintf(name, sizeof name, "%d", tid);
    proc_status_values(name, values, sizeof values / sizeof *values);
    *dispositions = (struct dispositions){
        .ignored = strtoull(ignored, NULL, 16),
        .caught = strtoull(caught, NULL, 16),
        .group = (pid_t)strtol(values[2].text, NULL, 10),
        .known = *ignored && *caught,
        .is_init = credentials_last_number(values[3].text) == 1,
    };
}

static bool ignores(const struct dispositions *dispositions, int signal) {
    const uint64_t by_default = BIT(SIGCHLD) | BIT(SIGCONT) | BIT(SIGURG) | BIT(SIGWINCH);
    if (dispositions->ignored & BIT(signal))
        return true;
    if (dispositions->caught & BIT(signal))
        return false;
    return (by_default & BIT(signal)) ||
           (dispositions->is_init && signal != SIGKILL && signal != SIGSTOP);
}

/* ---- what is known ---- */

void waits_forget(struct tracee_state *tracee) {
    struct wait **place = &waits;
    if (!tracee || !tracee->wait)
        return;
    while (*place != tracee->wait)
        place = &(*place)->next;
    *place = tracee->wait->next;
    free(tracee->wait);
    tracee->wait = NULL;
}

void waits_note(struct tracee_state *tracee, const struct call_info *info, bool begins) {
    const bool known = info->moment == MOMENT_END && info->result == -EINTR;
    tracee->ended_at = !begins && known && !tracee->returns ? info->address : 0;
    if (!begins)
        return;
    tracee->argument = info->argument;
    tracee->returns = info->moment == MOMENT_BEGIN && info->arch == ARCH_AUDIT &&
                      info->number == NUMBER_RT_SIGRETURN;
    if (!tracee->wait || tracee->wait->state > WAIT_LEFT)
        tracee->began = now();
}

/* The stop lies behind the end of a call that a signal has ended. */
static bool was_interrupted(pid_t tid, const struct tracee_state *tracee, struct trace_stop *stop) {
    struct registers *registers = &stop->registers;
    if (registers_get(tid, registers) != 0 || registers_result(registers) != -EINTR ||
        !registers_of_call(registers))
        return false;
    if (!ARCH_TELLS_BEGIN)
        return tracee && tracee->ended_at == registers_address(registers);
    const struct call_info info = registers_call_info(tid); /* int 0x80 in 64-bit code */
    if (info.arch != 0)
        registers->arch = info.arch;
    return true;
}

static bool is_same(const struct wait *wait, const struct registers *registers) {
    return wait && wait->state == WAIT_ENDED &&
           registers_number(&wait->before) == registers_number(registers) &&
           registers_address(&wait->before) == registers_address(registers);
}

/* ---- again ---- */

/* The call that is stopped here ends as if nothing had been. */
static void make_again(pid_t tid, struct tracee_state *tracee) {
    const struct registers *before = &tracee->wait->before;
    const int lost = ARCH_TELLS_BEGIN ? 0 : 1; /* the result has taken the first one's place */
    registers_next_call(tid, before, registers_number(before), &tracee->argument, lost);
    tracee->wait->state = WAIT_REWOUND;
}

/* Is it a call that waits, and how long? Then it is known from now on. */
static struct tracee_state *know_wait(pid_t tid, struct trace_stop *stop,
                                      const struct dispositions *dispositions) {
    struct stopped_call call = trace_call(tid, stop);
    const struct wait_call *known = wait_call(call.arch, call.number);
    int32_t timed_out;
    call.server = &the_tracer.server;
    if (!ARCH_TELLS_BEGIN)
        call.arguments[0] = tracee_know(tid)->argument;
    const uint64_t time =
        known ? wait_time(&call, known, dispositions->group, &timed_out) : WAIT_TIME_UNKNOWN;
    if (time == WAIT_TIME_UNKNOWN)
        return NULL;
    struct tracee_state *tracee = tracee_know(tid);
    /* Without a stop at its begin that is not known; then it waits twice its time at the most. */
    const uint64_t from = tracee->began != 0 ? tracee->began : now();
    struct wait *wait = calloc(1, sizeof *wait);
    if (!wait)
        return NULL;
    wait->next = waits;
    wait->tid = tid;
    wait->deadline = time == WAIT_TIME_FOREVER ? WAIT_TIME_FOREVER : from + time;
    wait->timed_out = timed_out;
    wait->before = stop->registers;
    wait->known = dispositions->known && ARCH_TELLS_BEGIN;
    waits = tracee->wait = wait;
    return tracee;
}

/* Has the call been left to the kernel, which has not decided yet? */
static bool is_left(pid_t tid, const struct wait *wait) {
    struct registers registers;
    return wait->state == WAIT_LEFT && registers_get(tid, &registers) == 0 &&
           registers_result(&registers) == -K_ERESTARTNOHAND &&
           registers_address(&registers) == registers_address(&wait->before);
}

/* ... or has it gone back to the instruction that makes the call? */
static bool is_back(pid_t tid, const struct wait *wait) {
    struct registers registers;
    return registers_get(tid, &registers) == 0 &&
           registers_address(&registers) ==
               registers_address(&wait->before) - ARCH_CALL_INSTRUCTION;
}

static bool may_stop(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* Where nobody says what a program ignores (gVisor), the kernel does when it delivers the signal:
 * without a handler it makes such a call again. A stop ends it, ignored or not. */
static bool leave_it(pid_t tid, struct tracee_state *tracee, int signal) {
    if (!ARCH_TELLS_BEGIN || may_stop(signal))
        return false;
    registers_finish_call(tid, &tracee->wait->before, -K_ERESTARTNOHAND);
    tracee->wait->state = WAIT_LEFT;
    return true;
}

/* The call, which was to run again, returns EINTR after all, if no handler has it already. */
static void give_up(pid_t tid, struct tracee_state *tracee) {
    const struct wait *wait = tracee ? tracee->wait : NULL;
    if (wait && (wait->state == WAIT_REWOUND || is_left(tid, wait)))
        registers_end_call(tid, &wait->before, -EINTR);
    waits_forget(tracee);
}

/* The call of a `wait` has been ended by a signal that does not count. */
static void undo_interruption(pid_t tid, struct tracee_state *tracee) {
    const struct wait *wait = tracee->wait;
    if (now() < wait->deadline) {
        make_again(tid, tracee);
    } else {
        registers_end_call(tid, &wait->before, wait->timed_out);
        waits_forget(tracee);
    }
}

/* A further signal before the call runs again. True: it is ignored, too. */
static bool on_further(pid_t tid, struct tracee_state *tracee, int signal) {
    struct dispositions dispositions;
    if (tracee->wait->state == WAIT_LEFT) {
        if (may_stop(signal) || !(is_left(tid, tracee->wait) || is_back(tid, tracee->wait)))
            give_up(tid, tracee);
        return false;
    }
    read_dispositions(tid, &dispositions);
    if (!ignores(&dispositions, signal)) {
        give_up(tid, tracee);
        return false;
    }
    tracer_go_on(tid, 0);
    return true;
}

bool waits_on_signal(pid_t tid, int signal) {
    struct tracee_state *tracee = tracee_known(tid);
    struct trace_stop stop;
    struct dispositions dispositions;
    if (tracee && tracee->wait && tracee->wait->state <= WAIT_LEFT)
        return on_further(tid, tracee, signal);
    if (!was_interrupted(tid, tracee, &stop))
        return false;
    if (tracee && tracee->wait && !is_same(tracee->wait, &stop.registers))
        waits_forget(tracee);
    read_dispositions(tid, &dispositions);
    if (dispositions.known && !ignores(&dispositions, signal)) {
        waits_forget(tracee);
        return false;
    }
    if (!tracee || !tracee->wait)
        tracee = know_wait(tid, &stop, &dispositions);
    if (!tracee)
        return false;
    tracee->wait->before = stop.registers;
    bool goes_on = dispositions.known || leave_it(tid, tracee, signal);
    if (dispositions.known)
        undo_interruption(tid, tracee);
    if (goes_on)
        tracer_go_on(tid, dispositions.known ? 0 : signal);
    else
        waits_forget(tracee);
    tracer_settle(tid);
    return goes_on;
}

void waits_on_group_stop(pid_t tid) {
    struct tracee_state *tracee = tracee_known(tid);
    struct trace_stop stop;
    if (!(tracee && tracee->wait && tracee->wait->state <= WAIT_LEFT) &&
        was_interrupted(tid, tracee, &stop))
        registers_end_call(tid, &stop.registers, -EINTR);
    give_up(tid, tracee);
    if (tracee) {
        tracee->ended_at = 0;
        tracer_settle(tid);
    }
}

bool waits_at_end(pid_t tid, struct tracee_state *tracee) {
    struct trace_stop stop;
    struct dispositions dispositions;
    /* Where a call cannot be told, a signal that comes next has to say it. */
    if (!ARCH_TELLS_BEGIN || tracee->ended_at == 0 || tracee->wait || tracee->injection ||
        !was_interrupted(tid, tracee, &stop))
        return false;
    read_dispositions(tid, &dispositions);
    if (dispositions.known)
        tracee = know_wait(tid, &stop, &dispositions);
    if (!dispositions.known || !tracee)
        return false;
    tracee->stops = 0;
    undo_interruption(tid, tracee);
    tracer_go_on(tid, 0);
    return true;
}

/* It was made again, and has ended. */
static void on_end(pid_t tid, struct tracee_state *tracee) {
    struct wait *wait = tracee->wait;
    struct registers registers;
    int64_t result = registers_get(tid, &registers) == 0 ? registers_result(&registers) : 0;
    if (result == -EINTR && now() < wait->deadline) {
        wait->before = registers;
        if (wait->known)
            make_again(tid, tracee);
        else
            wait->state = WAIT_ENDED; /* a signal comes next */
        return;
    }
    /* A connect(2) that is made again finds itself on its way. */
    if (result == -EINTR || (result == -EALREADY && wait->timed_out == -EINPROGRESS))
        registers_end_call(tid, &registers, wait->timed_out);
    waits_forget(tracee);
    tracer_settle(tid);
}

/* Is it the begin of the call that is made again? */
static bool is_again(pid_t tid, const struct wait *wait) {
    struct registers registers;
    return wait->state <= WAIT_LEFT && registers_get(tid, &registers) == 0 &&
           registers_number(&registers) == registers_number(&wait->before) &&
           registers_address(&registers) == registers_address(&wait->before);
}

bool waits_on_call_stop(pid_t tid, struct tracee_state *tracee) {
    struct wait *wait = tracee->wait;
    if (is_again(tid, wait)) {
        wait->state = WAIT_RUNS;
        tracee->stops = 1;
    } else if (wait->state == WAIT_RUNS) {
        tracee->stops = 0;
        on_end(tid, tracee);
    } else {
        waits_forget(tracee); /* no signal came, or one with a handler */
        tracer_settle(tid);
        return false;
    }
    tracer_go_on(tid, 0);
    return true;
}

/* ---- in time ---- */

int waits_next(void) {
    uint64_t first = WAIT_TIME_FOREVER;
    for (const struct wait *wait = waits; wait; wait = wait->next)
        if (wait->state == WAIT_RUNS && !wait->told && wait->deadline < first)
            first = wait->deadline;
    if (first == WAIT_TIME_FOREVER)
        return -1;
    const uint64_t time = now();
    const uint64_t left =
        first <= time ? 0 : (first - time + WAIT_TIME_MILLISECOND - 1) / WAIT_TIME_MILLISECOND;
    return left < INT32_MAX ? (int)left : INT32_MAX;
}

void waits_end(void) {
    if (!waits)
        return;
    const uint64_t time = now();
    for (struct wait *wait = waits; wait; wait = wait->next)
        if (wait->state == WAIT_RUNS && !wait->told && wait->deadline <= time) {
            ptrace(PTRACE_INTERRUPT, wait->tid, NULL, NULL);
            wait->told = true;
        }
}
