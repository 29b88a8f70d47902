/* snapshot.h - text as a file of its own: what a program gets in place of a file on procfs.
 * Rule: one inode for each, sealed, so that nobody can change what another one reads. */
#ifndef SPOOF_SNAPSHOT_H
#define SPOOF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Bytes of the name that the kernel takes (memfd_create(2)), without the NUL. */
#define SNAPSHOT_NAME_MAX 249

/* A sealed file with this text, whose owner and permissions are those of `like` without the ones to
 * write, opened for reading (O_CLOEXEC): its descriptor, or -errno. `name` is seen in /proc/PID/fd;
 * only its end is kept if it is too long. */
int snapshot_make(const char *name, const char *text, size_t length, const struct stat *like);
/* Makes an empty memfd the same as `snapshot`. 0 or -errno. */
int snapshot_copy(int snapshot, int memfd);
/* Is `link`, what /proc/PID/fd says of a descriptor, a snapshot of a mount table? */
bool snapshot_is_table(const char *link);

#endif
