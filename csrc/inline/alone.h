/* alone.h - may the code of a stopped program be changed: does nobody else run it? */
#ifndef SPOOF_ALONE_H
#define SPOOF_ALONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../tracee/stopped_call.h"
#include "outcome.h"

/* INLINE_NOTHING: the thread is the only one of its process, and no other process has its memory;
 * it has no filter of its own, no tracer, and, if `never_threads`, no handler for the signals by
 * which C libraries end threads, which a program sets before its first one. Else why not. It holds
 * as long as the call is stopped. With our own rights. */
enum inline_outcome alone_prove(const struct stopped_call *call, bool never_threads);
/* The process of the thread, or 0; and which signals it blocks, which holds as long. */
pid_t alone_process(const struct stopped_call *call, uint64_t *blocked);
/* INLINE_NOTHING: none of the threads of this process has a filter of its own or a tracer, and no
 * other process has its memory. Else why not. */
enum inline_outcome alone_prove_process(const struct stopped_call *call, pid_t process);

#endif
