/* inject_entry.h - a traced program opens by its own call what its tracer holds. */
#ifndef SPOOF_INJECT_ENTRY_H
#define SPOOF_INJECT_ENTRY_H

#include "injection.h"

/* The program's call gets our entry in /proc as its path, or the file that it is to have. False: it
 * cannot. */
bool inject_begin_entry(struct server *server, struct injection *injection,
                        struct stopped_call *call);
/* The same as the next call of an injection that has begun; or the program makes a copy. */
enum injected inject_next_entry(struct server *server, pid_t tid, struct injection *injection);
/* It has ended. */
enum injected inject_on_entry(struct server *server, pid_t tid, struct injection *injection,
                              int64_t result);

#endif
