/* procfs.h - what a tracee sees of itself in a procfs, ours or that of another pid namespace. */
#ifndef SPOOF_PROCFS_H
#define SPOOF_PROCFS_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/types.h>

#include "rights.h"
#include "stopped_call.h"

/* The thread that resolves a path step by step, and for whom. */
struct walker {
    struct server *server;
    const struct credentials *credentials; /* of the tracee, taken on by this thread */
    pid_t tid;
    uint64_t pid_namespace; /* of the tracee */
};

/* Is this the type of a file on procfs, as statfs says it? gVisor before 2023 has no statfs for
 * some of its files (`error`: ENOSYS): then the file has to lie on our own one. */
bool procfs_holds(const struct context *context, int fd, int64_t type, int error);
/* What `self` (or `thread-self`) in the procfs root `directory` says to the tracee. False: not to
 * be known. */
bool procfs_own_entry(const struct walker *walker, int directory, bool thread, char *target,
                      size_t capacity);
/* openat(2) as the tracee, which may always use its own /proc/PID/fd and the magic links there,
 * even where it is not dumpable and nobody else of its user may (proc(5); ptrace(2), "same thread
 * group"). A descriptor, or -1 with errno. */
int procfs_open_as_owner(const struct walker *walker, int directory, const char *name, int flags);
/* The same for what a magic link leads to; EACCES also where the tracee may be kept out. */
int procfs_follow(const struct walker *walker, int directory, const char *name);
/* Does the kernel say of this file whether the tracee may open it, if we open it with the tracee's
 * rights? Of files of our own process it does not, nor of another user namespace's. True for all
 * that does not lie on a procfs. To be called with our own rights or none. */
bool procfs_tells_tracee(struct stopped_call *call, int fd);

#endif
