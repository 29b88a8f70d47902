/* descriptor.h - descriptors, working and root directory of a tracee, by /proc/TID.
 * Rule: nothing is opened but O_PATH, so nothing sleeps and nothing has effects. */
#ifndef SPOOF_DESCRIPTOR_H
#define SPOOF_DESCRIPTOR_H

#include "fallback.h"
#include "server.h"
#include "stopped_call.h"

/* Why an entry of /proc/TID cannot be had: a tracee that is gone needs no reason. FALLBACK_BUSY: we
 * are short of something. */
enum fallback proc_fallback(int error);
/* The tracee's root directory ("root"), or what another entry leads to: O_PATH, or -errno. */
int descriptor_of_entry(const struct context *context, pid_t tid, const char *entry);
/* Where a relative path begins, a descriptor of the tracee or AT_FDCWD: O_PATH, or -errno; -EPERM:
 * rights cannot be taken on. */
int descriptor_of_directory(struct stopped_call *call, int directory);
/* An open descriptor of the tracee: O_PATH, or -errno as above. */
int descriptor_open(struct stopped_call *call, int fd);
/* A copy (O_CLOEXEC) of a descriptor of a tracee that is known, or -errno: -EBADF if it has none of
 * that number, -ENOSYS if that cannot be found out so. Closing it may sleep as close(2) does: FUSE
 * asks its server then, and nothing ends that. So a tracer gets none. */
int descriptor_copy(struct server *server, int fd);
/* Has the tracee room for one more below its RLIMIT_NOFILE? True where that cannot be told. */
bool descriptor_may_be_added(struct stopped_call *call);
/* What /proc says of a descriptor of the tracee: the length of the name, or -errno. Never sleeps.
 */
ssize_t descriptor_name(struct stopped_call *call, uint32_t fd, char *name, size_t capacity);
/* What /proc/self/fd says of one of our own descriptors: the length of the name, or -errno. `proc`
 * is our own /proc. */
ssize_t descriptor_own_name(int proc, int fd, char *path, size_t capacity);
/* The absolute path of a file that is held, as the tracee's root has it: its length, or -errno. */
ssize_t descriptor_path(struct stopped_call *call, int fd, char *path, size_t capacity);

#endif
