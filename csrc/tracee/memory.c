/* memory.c - reads strings from a tracee. Rule: never trust a length or a NUL that was not read;
 * what cannot be read is the kernel's to judge (the call is let run and fails as it would). */
#include <errno.h>
#include <string.h>

#include "tracee.h"

ssize_t tracee_read_path(struct stopped_call *call, uint64_t address, char *path) {
    size_t have = 0;
    while (have < TRACEE_PATH_MAX) {
        /* To the end of the page: a whole page costs hardly more than a few bytes, and the next
         * one may not be mapped. */
        size_t part = 4096 - (size_t)((address + have) & 4095);
        if (part > TRACEE_PATH_MAX - have)
            part = TRACEE_PATH_MAX - have;
        ssize_t got = call->mechanism->read(call, address + have, path + have, part);
        if (got <= 0)
            return got < 0 ? got : -EFAULT;
        const char *end = memchr(path + have, '\0', (size_t)got);
        if (end)
            return end - path;
        have += (size_t)got;
    }
    return -ENAMETOOLONG;
}

uint32_t path_hash(const char *path) {
    uint32_t hash = 2166136261U;
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 16777619U;
    return hash;
}
