/* snapshot.h - bytes as a file of their own: what a program gets in place of a real file.
 * Rule: what programs shall not change is sealed, so that nobody can change what another one reads.
 */
#ifndef SPOOF_SNAPSHOT_H
#define SPOOF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of the name that the kernel takes (memfd_create(2)), without the NUL. */
#define SNAPSHOT_NAME_MAX 249
/* Bytes of a file that are copied where nobody knows where it has holes. */
#define SNAPSHOT_COPY_MAX (64 << 20)

/* A memfd with these bytes, O_CLOEXEC and not sealed, or -errno. `name` is seen in /proc/PID/fd.
 * `sealable`: whoever can write to it may seal it (fcntl(2)). */
int memory_file(const char *name, const void *bytes, size_t length, bool sealable);

/* The file behind one of our descriptors, with an offset of its own: O_CLOEXEC, or -errno. */
int open_again(int fd, int flags);

int write_all(int fd, const char *text, size_t length); /* 0 or -errno */

struct snapshot_kind {
    mode_t mode; /* permission bits */
    uid_t uid;
    gid_t gid;
    bool writable; /* not sealed */
};

/* A file with these bytes (O_CLOEXEC): its descriptor, for reading only unless it is writable, or
 * -errno. Only the end of the name is kept if it is too long. To be called as ourselves. */
int snapshot_make(const char *name, const char *text, size_t length,
                  const struct snapshot_kind *kind);
/* The same in two steps: an empty file to write to, or -errno, by whomever it is called ... */
int snapshot_new(const char *name, bool sealable);
/* ... which becomes like `kind`, as ourselves: `fd` is closed, what it returns is as above. */
int snapshot_finish(int fd, const struct snapshot_kind *kind);
/* Bytes of memory that it takes: without its holes; -1: not to be known. */
int64_t snapshot_data(int snapshot);
/* Makes an empty memfd the same as `snapshot`: bytes, holes, owner and
 * permissions, and seals unless it shall be writable. 0 or -errno. */
int snapshot_copy(int snapshot, int memfd, bool writable);
/* Is `link`, what /proc/PID/fd says of a descriptor, a snapshot of a mount table? */
bool snapshot_is_table(const char *link);
/* The path that a program asked for when it was given this file: a part of `link`, cut off at its
 * end; NULL if it is no memfd. */
const char *snapshot_path(char *link);

#endif
