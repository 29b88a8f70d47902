/* pool.h - threads that serve what may sleep on a filesystem, for a tracer that never does. */
#ifndef SPOOF_POOL_H
#define SPOOF_POOL_H

#include "../calls/verdict.h"
#include "../mechanism/trace.h"
#include "../tracee/server.h"

struct job {
    struct job *next;
    pid_t tid;
    _Atomic bool over; /* the tracer has seen the end of the call: nothing more is done for it */
    struct trace_stop stop;
    struct verdict verdict;
};

/* An eventfd (O_CLOEXEC, O_NONBLOCK) that can be read once a job is done, or -errno. */
int pool_open(const struct context *context, const uint8_t *policy);
/* Takes a stopped call over. NULL: no thread can be had, and it is answered as such at once: those
 * that are busy may be so for ever. */
struct job *pool_take(pid_t tid, const struct trace_stop *stop);
/* Calls that were taken and not yet handed back. */
unsigned pool_outstanding(void);
/* The jobs that are done, a list; the caller frees them. */
struct job *pool_done(void);

#endif
