/* results.h - large files in memory that were made for programs: how much they take together, and
 * which can be given again because their source is as it was.
 * Rule: there is a bound, over which nothing is made; what no program has open is let go of first.
 */
#ifndef SPOOF_RESULTS_H
#define SPOOF_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define RESULTS_FROM ((size_t)64 << 10) /* bytes: what is smaller is not counted, nor shared */
#define RESULTS_MAX ((size_t)256 << 20) /* bytes of all of them */

/* ---- how much they take ---- */

/* Room for this many bytes more: false if there is none. */
bool results_claim(size_t bytes);
void results_give_back(size_t bytes);
/* What was claimed belongs to this file in memory, until nobody has it open. Takes a copy of the
 * descriptor, which open(2) made: those of memfd_create(2) the kernel does not count. */
void results_keep(int fd, size_t bytes, uint64_t digest);
/* Of files that cannot be shared by what they were made of: one with the same bytes, owner and
 * permissions that was kept with the same digest (not 0): the caller's descriptor, or -1. */
int results_like(int fd, uint64_t digest);

/* ---- given again ---- */

/* What a result was made of, and for whom. */
struct source {
    uint64_t device, inode, size;
    struct timespec modified, changed;
    uint32_t rule, uid, gid;
};

struct result {
    int fd; /* for reading only; -1: it would be as the source, or there is an error */
    int error;
    uint32_t lines; /* how many differ */
};

/* Of an open regular file. False: it is too small to be shared, or changes without a trace. */
bool source_read(int fd, struct source *source);
/* 1: *result is there, its descriptor is the caller's. 0: the caller makes it, and then calls
 * results_end(); whoever else asks meanwhile waits. -ENOMEM: it is made for the caller alone, who
 * does not call results_end(). */
int results_begin(const struct source *source, struct result *result);
/* `again`: the source as it is after it was read; NULL: not to be given again. `bytes` were claimed
 * for it. The descriptor stays the caller's. */
void results_end(const struct source *source, const struct source *again,
                 const struct result *result, size_t bytes);

#endif
