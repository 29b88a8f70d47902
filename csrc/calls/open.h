/* open.h - what the parts of open.c share. */
#ifndef SPOOF_OPEN_H
#define SPOOF_OPEN_H

#include <fcntl.h>

#include "calls.h"

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

struct open_arguments {
    struct look_request request;
    int flags;
    char path[TRACEE_PATH_MAX];
};

/* All that can be read: malloc'ed, or NULL with errno set (EFBIG: over 64 MiB). */
char *read_all(int fd, size_t *length);

/* A path that could be that of a mount table; calls/open_table.c */
struct verdict open_table(struct stopped_call *call, const uint8_t *policy,
                          const struct open_arguments *arguments);
/* A path that could be that of a files rule; *holds: a rule does. calls/open_file.c */
struct verdict open_file(struct stopped_call *call, const uint8_t *policy,
                         const struct open_arguments *arguments, bool *holds);

#endif
