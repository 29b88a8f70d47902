/* trace.h - stopped calls by ptrace(2): at seccomp RET_TRACE stops, or at every call. */
#ifndef SPOOF_TRACE_H
#define SPOOF_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/call_table.h"
#include "../tracee/stopped_call.h"
#include "trace_stop.h"

/* Installs the filter that stops these groups of calls for the tracer; `agent`: filter.h. Without a
 * tracer they give ENOSYS. 0 or -errno. */
int trace_install(uint32_t groups, uint64_t agent);
/* Seizes a thread, which waits for that, for RET_TRACE stops or (`every_call`) for every call: 0 or
 * -errno. Its descendants follow by themselves. */
int trace_seize(pid_t tid, bool every_call);
/* Is this event of seccomp one of our filter? Another one with RET_TRACE, of a program's own, says
 * something else. */
bool trace_is_ours(pid_t tid);
/* At a stop: no filter is asked of the calls that follow, or all are again. */
bool trace_suspend_filters(pid_t tid, bool suspend);
bool trace_may_suspend_filters(pid_t tid);
/* What a tracee is stopped in: 0 or -errno. */
int trace_stop_read(pid_t tid, struct trace_stop *stop);
/* Writes to memory of a tracee at once, as far as the tracee itself may. 0 or -errno. */
int trace_poke(pid_t tid, uint64_t address, const void *bytes, size_t length);
/* Whatever the tracee may do there: a code_writer (inline/agent.h). */
int trace_poke_code(pid_t tid, uint64_t address, const void *bytes, size_t length);
/* Writes what waits in the stop, without ending it. To be called by the tracer; 0 or -errno. */
int trace_flush(struct stopped_call *call);
/* A stopped call for the registers at its stop. */
struct stopped_call trace_call(pid_t tid, struct trace_stop *stop);
/* The same once it was served: what is to be written waits in the stop. */
struct stopped_call trace_call_again(pid_t tid, struct trace_stop *stop);

#endif
