/* verdict.h - what is decided about a stopped call.
 * Rule: errors are the kernel's to give; a handler answers only on a match and otherwise lets the
 * call run. */
#ifndef SPOOF_VERDICT_H
#define SPOOF_VERDICT_H

#include <errno.h>

#include "../tracee/fallback.h"
#include "../tracee/stopped_call.h"

enum decision {
    DECISION_LET_RUN,
    DECISION_ANSWER,
    DECISION_DELIVER,      /* a descriptor */
    DECISION_REPLACE_PATH, /* the call runs, but with another path */
};

/* What a program's own copy of a file is like, where its mechanism has to make one. */
enum delivery_kind {
    DELIVER_SEALED,   /* for reading only */
    DELIVER_WRITABLE, /* what is written is its own */
    DELIVER_KEPT,     /* ... and is what the rule's file holds from then on */
};

#define NO_RULE UINT32_MAX
/* What a call fails with that would write to a file that a rule names, and cannot be answered: let
 * run it would write to the real one. */
#define CLOSED_ERROR (-EIO)

struct verdict {
    enum decision decision;
    int64_t value;     /* DECISION_ANSWER: what the call returns */
    int fd;            /* DECISION_DELIVER: what it returns a descriptor of; the caller closes it */
    uint32_t fd_flags; /* ... and O_CLOEXEC, if the program wants that */
    bool in_memory;    /* ... and it is a file in memory, made by us */
    enum delivery_kind delivery;
    uint64_t filesystem; /* ... and what fstatfs shall say of it; 0: what its name says */
    char *path;          /* DECISION_REPLACE_PATH: malloc'ed; the caller frees it */
    bool closed;      /* if it cannot be done the call fails: it must not run, for it would write */
    bool adds_filter; /* DECISION_LET_RUN: the program installs a filter of its own */
    enum fallback reason; /* DECISION_LET_RUN: why, FALLBACK_NONE if no rule names it;
                             DECISION_ANSWER: why it is an error for want of a better answer */
    uint32_t rule;        /* but for DECISION_LET_RUN: the rule, or NO_RULE */
    uint64_t was, answer; /* for the log: filesystem types; 0 and the number of changed lines */
};

/* Frees what a verdict owns, if nobody else has taken it. */
void verdict_release(const struct verdict *verdict);
/* Ends the stop of a call that is answered or let run. 0, or -ENOENT if the tracee is gone. */
int verdict_end(struct stopped_call *call, const struct verdict *verdict);

static inline struct verdict let_run(enum fallback reason) {
    return (struct verdict){.decision = DECISION_LET_RUN, .reason = reason};
}

/* The call returns this value. */
static inline struct verdict answer_with(uint32_t rule, int64_t value) {
    return (struct verdict){.decision = DECISION_ANSWER, .value = value, .rule = rule};
}

/* Where a call that would write cannot be answered: it fails, and the real file stays as it is. A
 * program that restricts itself expects EACCES. */
static inline struct verdict fail_closed(uint32_t rule, enum fallback reason) {
    return (struct verdict){.decision = DECISION_ANSWER,
                            .value = reason == FALLBACK_RESTRICTED ? -EACCES : CLOSED_ERROR,
                            .reason = reason,
                            .rule = rule};
}

/* What becomes of a call whose descriptor could not be handed over. */
static inline struct verdict undelivered(uint32_t rule, bool closed) {
    return closed ? fail_closed(rule, FALLBACK_DELIVERY) : let_run(FALLBACK_DELIVERY);
}

/* Writes what a call tells its caller: 0; -EFAULT, as the kernel would fail; or -EAGAIN with *why:
 * it is to be let run. */
int answer_write(struct stopped_call *call, uint64_t address, const void *from, size_t length,
                 enum fallback *why);

#endif
