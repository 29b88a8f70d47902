/* verdict.h - what is decided about a stopped call.
 * Rule: errors are the kernel's to give; a handler answers only on a match and otherwise lets the
 * call run. */
#ifndef SPOOF_VERDICT_H
#define SPOOF_VERDICT_H

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

struct verdict {
    enum decision decision;
    int64_t value;     /* DECISION_ANSWER: what the call returns */
    int fd;            /* DECISION_DELIVER: what it returns a descriptor of; the caller closes it */
    uint32_t fd_flags; /* ... and O_CLOEXEC, if the program wants that */
    enum delivery_kind delivery;
    uint64_t filesystem;  /* ... and what fstatfs shall say of it; 0: what its name says */
    char *path;           /* DECISION_REPLACE_PATH: malloc'ed; the caller frees it */
    enum fallback reason; /* DECISION_LET_RUN: why, FALLBACK_NONE if no rule names it */
    uint32_t rule;        /* but for DECISION_LET_RUN: the rule, or NO_RULE */
    uint64_t was, answer; /* for the log: filesystem types; 0 and the number of changed lines */
};

/* Frees what a verdict owns, if nobody else has taken it. */
void verdict_release(const struct verdict *verdict);

static inline struct verdict let_run(enum fallback reason) {
    return (struct verdict){.decision = DECISION_LET_RUN, .reason = reason};
}

/* The call returns this value. */
static inline struct verdict answer_with(uint32_t rule, int64_t value) {
    return (struct verdict){.decision = DECISION_ANSWER, .value = value, .rule = rule};
}

/* Writes what a call tells its caller: 0; -EFAULT, as the kernel would fail; or -EAGAIN with *why:
 * it is to be let run. */
int answer_write(struct stopped_call *call, uint64_t address, const void *from, size_t length,
                 enum fallback *why);

#endif
