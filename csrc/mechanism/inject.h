/* inject.h - makes a program that is stopped by ptrace(2) open what it cannot name.
 * Rule: the program makes each call itself, so that the kernel takes the lowest free number and
 * minds its limits and rights; between two calls of ours no handler of it runs. */
#ifndef SPOOF_INJECT_H
#define SPOOF_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../calls/verdict.h"
#include "trace.h"

/* Which call of ours runs. */
enum injection_step {
    INJECTION_MAKE,      /* memfd_create: the file, which the tracer fills */
    INJECTION_SET_FLAGS, /* fcntl: its status flags */
    INJECTION_CLOSE,     /* close: it could not be filled */
    INJECTION_MAP,       /* mmap: room for another path */
    INJECTION_OPEN,      /* the call itself, with that path */
    INJECTION_UNMAP,     /* munmap */
};

struct injection {
    struct registers before; /* of the call as the program has made it */
    enum injection_step step;
    int fd;     /* DECISION_DELIVER: what the file is to be like; owned; else -1 */
    char *path; /* DECISION_REPLACE_PATH: owned; else NULL */
    enum delivery_kind delivery;
    uint32_t rule;
    uint64_t filesystem;
    bool closed;        /* if it cannot be done the call fails: verdict.h */
    int64_t result;     /* what the program's call will return */
    uint64_t room;      /* where the path is written */
    uint64_t signals;   /* what the program has blocked, while it makes further calls of ours */
    bool holds_signals; /* all are blocked meanwhile */
};

enum injected {
    INJECTED_DONE,   /* the program has its descriptor, or a true error */
    INJECTED_AGAIN,  /* one more call of ours comes next */
    INJECTED_FAILED, /* the call as the program has made it comes next, and is to be let run; but a
                        closed one has failed */
};

/* At the begin of a call, for DECISION_DELIVER and DECISION_REPLACE_PATH; what the verdict owns is
 * taken over in any case. NULL if it cannot be done: the call is as it was. Otherwise the tracee is
 * to run to the end of its call. */
struct injection *inject_begin(pid_t tid, const struct trace_stop *stop,
                               const struct verdict *verdict);
/* At its end. Frees the injection, but for INJECTED_AGAIN. */
enum injected inject_end(struct server *server, const uint8_t *policy, pid_t tid,
                         struct injection *injection);
/* The tracee is gone. */
void inject_forget(struct injection *injection);

#endif
