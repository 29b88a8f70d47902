/* open_arguments.h - what open(2), openat(2) and openat2(2) are asked. */
#ifndef SPOOF_OPEN_ARGUMENTS_H
#define SPOOF_OPEN_ARGUMENTS_H

#include <fcntl.h>

#include "../tracee/lookup_result.h"
#include "../tracee/path_text.h"

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
    struct lookup_request request;
    int flags;
    char path[TRACEE_PATH_MAX];
};

#endif
