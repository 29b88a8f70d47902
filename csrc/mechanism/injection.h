/* injection.h - calls of ours that a traced program makes in place of its own, step by step.
 */
#ifndef SPOOF_INJECTION_H
#define SPOOF_INJECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../arch/registers.h"
#include "../calls/verdict.h"
#include "scratch.h"
#include "trace.h"

/* Which call of ours runs. */
enum injection_step {
    INJECTION_FAIL,       /* its own, with an argument that makes it fail: it is answered, ... */
    INJECTION_FAIL_FIRST, /* ... or what follows enters the kernel anew */
    INJECTION_BY_PATH,    /* its own, with a path below its stack */
    INJECTION_CLONE,      /* clone, with another argument; clone3, with a copy of them there */
    INJECTION_MAKE,       /* memfd_create: the file, which the tracer fills */
    INJECTION_SET_FLAGS,  /* fcntl: its status flags */
    INJECTION_CLOSE,      /* close: it could not be filled */
    INJECTION_MAP,        /* mmap: room for another path */
    INJECTION_OPEN,       /* the call itself, with that path */
    INJECTION_UNMAP,      /* munmap */
    INJECTION_ATTACH,     /* what gets it the agent (inline/attach.h) */
};

struct injection {
    struct registers before; /* of the call as the program has made it */
    enum injection_step step;
    uint32_t fd_flags;
    int fd;     /* DECISION_DELIVER: what the file is to be like; owned; else -1 */
    char *path; /* DECISION_REPLACE_PATH: owned; else NULL */
    enum delivery_kind delivery;
    uint32_t rule;
    uint64_t filesystem;
    bool closed;            /* if it cannot be done the call fails: verdict.h */
    int64_t result;         /* what the program's call will return */
    uint64_t room;          /* where the path is written */
    uint64_t signals;       /* what the program has blocked, while it makes further calls of ours */
    bool holds_signals;     /* all are blocked meanwhile */
    int32_t number;         /* ... the latest of these calls */
    uint64_t arguments[6];  /* ... */
    int count;              /* ... of its arguments */
    struct stat copied;     /* INJECTION_BY_PATH: its own copy, if that is what is opened */
    bool may_copy;          /* INJECTION_BY_PATH: where it fails the program makes a file instead */
    bool suspends;          /* no filter is asked meanwhile */
    struct scratch scratch; /* INJECTION_BY_PATH, INJECTION_CLONE */
};

enum injected {
    INJECTED_DONE,   /* the program has its descriptor, or a true error */
    INJECTED_AGAIN,  /* one more call of ours comes next */
    INJECTED_FAILED, /* the call as the program has made it comes next, and is to be let run; but a
                        closed one has failed */
    INJECTED_REPEATED, /* the call as the program has made it comes next, and is to be served */
    INJECTED_GONE,     /* the thread is another one's now: nothing is done */
};

/* For the call at this stop; NULL: no memory. */
struct injection *injection_new(const struct trace_stop *stop, enum injection_step step);
/* Would copies of this file take much memory? */
bool injection_is_large(int fd);
/* Is it the program's own error, and not one of a way that did not work? */
bool injection_has_failed_truly(int64_t result);

/* One more call of ours follows. */
enum injected injection_next(pid_t tid, struct injection *injection, enum injection_step step,
                             int32_t number, const uint64_t *arguments, int count);
/* The call has not run to its end: a stop or the freezer has interrupted it, or a signal. */
bool injection_is_interrupted(int64_t result);
/* ... and is made once more, */
enum injected injection_again(pid_t tid, struct injection *injection);
/* The program's call ends, or runs as it has made it. Frees the injection, unless the thread is
 * gone. */
enum injected injection_finish(pid_t tid, struct injection *injection, enum injected injected,
                               int64_t result);
/* The program makes a file of its own next: with these arguments of memfd_create(2). */
int injection_make_arguments(struct stopped_call *call, const struct injection *injection,
                             uint64_t arguments[2]);
enum injected injection_make(pid_t tid, struct injection *injection);
/* The tracee is gone. */
void injection_forget(struct injection *injection);

#endif
