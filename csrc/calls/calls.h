/* calls.h - what is done for each stopped call, written once for every mechanism.
 * Rule: errors are the kernel's to give; a handler answers only on a match and otherwise lets the
 * call run. */
#ifndef SPOOF_CALLS_H
#define SPOOF_CALLS_H

#include "../tracee/tracee.h"
#include "table.h"

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

/* Serves a call; `policy` is a checked blob. What it writes to the tracee is written when it
 * returns; ending the stop is the caller's. */
struct verdict serve_call(struct stopped_call *call, const uint8_t *policy);

/* May calls under this policy be let run and looked at when they have ended (ABILITY_LOOK_AFTER)?
 * Not where a rule names paths: the end of a call does not tell which file it was about. */
bool calls_can_look_after(const uint8_t *policy);
/* ... not this one: it is, or may be, about a file of ours, of which the kernel knows too little.
 */
bool calls_must_answer(struct stopped_call *call, const uint8_t *policy);
/* Does serving this call begin with a look at a file, whatever its arguments are? */
bool calls_always_look(const struct stopped_call *call);
/* At the end of a call that has returned `result`: changes what it told its caller, if a rule says
 * so. What it writes is written when it returns, or at the mechanism's flush. */
struct verdict serve_end(struct stopped_call *call, int64_t result, const uint8_t *policy);

/* Has the call ended with EOVERFLOW because its structure is too small for the truth? Nothing was
 * written then, and the rule's answer may well fit: only looking tells. */
bool call_overflowed(const struct stopped_call *call, int64_t result);

/* stat(2), statx(2), access(2), readlink(2), truncate(2) in all their forms; calls/paths.c */
struct verdict serve_path(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy);

/* statfs(2) and fstatfs(2) of every ABI; calls/statfs.c */
struct verdict serve_statfs(struct stopped_call *call, const struct known_call *known,
                            const uint8_t *policy);
struct verdict serve_statfs_end(struct stopped_call *call, const struct known_call *known,
                                const uint8_t *policy);

/* open(2), openat(2), openat2(2); calls/open.c */
struct verdict serve_open(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy);

/* statmount(2); calls/statmount.c */
struct verdict serve_statmount(struct stopped_call *call, const uint8_t *policy);

/* uname(2); calls/uname.c */
struct verdict serve_uname(struct stopped_call *call, const uint8_t *policy);
struct verdict serve_uname_end(struct stopped_call *call, const uint8_t *policy);

static inline struct verdict let_run(enum fallback reason) {
    return (struct verdict){.decision = DECISION_LET_RUN, .reason = reason};
}

#endif
