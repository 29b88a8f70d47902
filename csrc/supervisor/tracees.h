/* tracees.h - the tracees that are somewhere between two ends of a call, by thread id.
 * Rule: what is remembered of a call that is to come counts for that very call alone. */
#ifndef SPOOF_TRACEES_H
#define SPOOF_TRACEES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../arch/registers.h"

struct job;
struct injection;
struct wait;

/* By what a call that is made again is known: a handler may make another one before it. */
struct call_made {
    uint64_t address, stack, arguments[6];
    int32_t number;
};

struct tracee_state {
    pid_t tid;                   /* 0: free */
    uint8_t stops;               /* call stops that are still to come before its call has ended */
    struct job *job;             /* pool.h: its call is being served there */
    struct injection *injection; /* mechanism/inject.h: its call has become another one */
    uint32_t delivers;           /* ... for this rule */
    bool looks_after;            /* what the call tells its caller is looked at when it has ended */
    bool returns; /* mechanism ptrace: its call is rt_sigreturn(2), whose end looks like that of
                     the call before the handler */
    bool let_run; /* nothing can be done about its call, which is let run, ... */
    struct call_made made; /* ... if this is the one that is stopped next */
    uint64_t began;        /* mechanism ptrace: when its call began, tracer_waits.c; nanoseconds */
    uint64_t argument;     /* ... its first argument */
    uint64_t ended_at;     /* ... where it has ended with EINTR; 0: it has not */
    struct wait *wait;     /* tracer_waits.c: its call is made again */
};

struct call_made call_made(const struct registers *registers);
bool call_is_made_again(const struct call_made *made, const struct registers *registers);

/* The entry of a tracee, or NULL. */
struct tracee_state *tracee_known(pid_t tid);
/* The entry of a tracee, made if there is none. It moves when another one is made or forgotten. */
struct tracee_state *tracee_know(pid_t tid);
/* What the entry points at is the caller's to free. */
void tracee_forget(pid_t tid);

#endif
