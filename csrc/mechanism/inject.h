/* inject.h - makes a program that is stopped by ptrace(2) open what it cannot name.
 * Rule: the program makes each call itself, so that the kernel takes the lowest free number and
 * minds its limits and rights; between two calls of ours no handler of it runs. */
#ifndef SPOOF_INJECT_H
#define SPOOF_INJECT_H

#include "injection.h"
#include "trace.h"

/* `own_filters`: how many filters of ours the thread has. At the begin of a call, for
 * DECISION_DELIVER and DECISION_REPLACE_PATH; what the verdict owns is taken over in any case. NULL
 * if it cannot be done: the call is as it was. Otherwise the tracee is to run to the end of its
 * call. */
struct injection *inject_begin(struct server *server, pid_t tid, const struct trace_stop *stop,
                               const struct verdict *verdict, int own_filters);
/* At the begin of a call that is to return this value: a filter of the program's own, which is
 * asked after us, would replace what a call without a number returns. So the call is made, but
 * fails; where such a filter has something to say, it stands. */
struct injection *inject_answer(pid_t tid, const struct trace_stop *stop, int64_t value);
/* At the begin of clone(2) or clone3(2): without CLONE_UNTRACED, so that the child is traced like
 * others. NULL: it is let run; or, *refused, it asks for that and must not. `touched`: the pool has
 * tried to make its memory be there. */
struct injection *inject_clone(struct server *server, pid_t tid, const struct trace_stop *stop,
                               bool touched, bool *refused);
/* At the first stop of a child: registers and memory become what its parent's were. */
void inject_begin_child(pid_t tid);
/* At its end. Frees the injection, but for INJECTED_AGAIN. */
enum injected inject_end(struct server *server, const uint8_t *policy, pid_t tid,
                         struct injection *injection);

#endif
