/* copies.h - which traced program has a copy of a large file already.
 * Rule: a number is a claim: it is a copy if the program has the very file there that was filled.
 */
#ifndef SPOOF_COPIES_H
#define SPOOF_COPIES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../tracee/stopped_call.h"

/* The program's file of that number has become a copy of what we hold; `copy`: an open of ours. */
void copies_note(struct stopped_call *call, int held, int copy, int number);
/* The number of a copy that a thread has open, or -1; what it is, in *copy. */
int copies_find(struct server *server, pid_t tid, int held, struct stat *copy);
/* Has a thread this file open at that number? True also where that cannot be seen just now. */
bool copies_may_be(struct server *server, pid_t tid, int number, const struct stat *file);

#endif
