/* inject.h - makes a program that is stopped by ptrace(2) open a file that it cannot name.
 * Rule: the call that it is stopped in becomes memfd_create(2), which takes the lowest free number
 * and minds the program's limits as its own open would; the tracer fills the file before it goes
 * on. */
#ifndef SPOOF_INJECT_H
#define SPOOF_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace.h"

/* Which call of ours runs. */
enum injection_step { INJECTION_MAKE, INJECTION_SET_FLAGS, INJECTION_CLOSE };

struct injection {
    struct registers before; /* of the call as the program has made it */
    enum injection_step step;
    int fd;             /* what the file is to be like: owned */
    int64_t made;       /* the program's descriptor of it */
    uint64_t signals;   /* what the program has blocked, while it makes further calls of ours */
    bool holds_signals; /* all are blocked meanwhile */
};

enum injected {
    INJECTED_DONE,   /* the program has its descriptor, or a true error */
    INJECTED_AGAIN,  /* one more call of ours comes next */
    INJECTED_FAILED, /* the call as the program has made it comes next: it is to be let run */
};

/* At the begin of a call: `fd` is taken over in any case. NULL if it cannot be done: the call is as
 * it was. Otherwise the tracee is to run to the end of its call. */
struct injection *inject_begin(pid_t tid, const struct trace_stop *stop, int fd, uint32_t fd_flags);
/* At its end. Frees the injection, but for INJECTED_AGAIN. */
enum injected inject_end(struct server *server, pid_t tid, struct injection *injection);
/* The tracee is gone. */
void inject_forget(struct injection *injection);

#endif
