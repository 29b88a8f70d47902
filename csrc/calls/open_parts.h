/* open_parts.h - what open(2) is asked, and who answers: between open.c and its parts. */
#ifndef SPOOF_OPEN_PARTS_H
#define SPOOF_OPEN_PARTS_H

#include <fcntl.h>

#include "file_rule.h"
#include "verdict.h"

/* O_LARGEFILE is 0 in the headers of 64-bit machines, but 32-bit programs set it. */
#if defined(__aarch64__)
#define O_LARGEFILE_OF_KERNEL 0400000
#else
#define O_LARGEFILE_OF_KERNEL 0100000
#endif
/* Bits of open(2) that an injected file can have as the real one would. */
#define CARRIED_FLAGS                                                                              \
    (O_ACCMODE | O_CLOEXEC | O_LARGEFILE_OF_KERNEL | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK |          \
     O_APPEND | O_CREAT)

/* Bits that a file in memory is opened with. */
#define OPENED_FLAGS (O_ACCMODE | O_TRUNC | O_SYNC)

struct open_arguments {
    struct lookup_request request;
    int flags;
    enum fallback untold; /* why it gets nothing of ours; FALLBACK_NONE: it does */
    char path[TRACEE_PATH_MAX];
};

/* Could an open with these flags change what is there, or make something? */
static inline bool open_may_change(int flags) {
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_TRUNC | O_CREAT)) != 0;
}

/* Would it write to the file, or empty it? open_file.c, as the next two */
bool open_writes(const struct open_arguments *arguments);
/* -errno of an open of a regular file with these flags, or 0. */
int open_fails(const struct open_arguments *arguments, const struct found_file *found);
/* What access_open() has returned goes to the program: the file, or its error. */
struct verdict deliver_file(const struct found_file *found, int fd, enum delivery_kind kind);
/* A file that a files rule rewrites: open_rewritten.c */
struct verdict open_rewritten(struct stopped_call *call, const uint8_t *policy,
                              const struct open_arguments *arguments,
                              const struct found_file *found);
/* A file that a files rule names: open_file.c */
struct verdict open_file(struct stopped_call *call, const uint8_t *policy,
                         const struct open_arguments *arguments, const struct found_file *found);
/* A mount table; `lookup`: what lies at the path. open_table.c */
struct verdict open_table(struct stopped_call *call, const uint8_t *policy,
                          const struct open_arguments *arguments, const struct lookup *lookup);

#endif
