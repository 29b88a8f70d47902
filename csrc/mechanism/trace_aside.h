/* trace_aside.h - what a thread that is not the tracer proves of a stopped call, and writes for it.
 */
#ifndef SPOOF_TRACE_ASIDE_H
#define SPOOF_TRACE_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../tracee/stopped_call.h"

/* Is the thread still in this call, and not another one that has its id by now? */
bool trace_aside_still_stopped(struct stopped_call *call);
/* Writes to the memory that the call was made with: 0 or -errno; -ESRCH: it is over. */
int trace_aside_write(struct stopped_call *call, uint64_t address, const void *from, size_t length);
/* Of how many bytes from `address` on may a program read ('r') or write ('w') each? From its
 * /proc/TID/maps (NULL: none), which is closed: ptrace(2) and /proc/TID/mem do not ask. */
size_t trace_aside_accessible(FILE *maps, uint64_t address, size_t length, char access);

#endif
