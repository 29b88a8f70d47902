/* stopped_call.c - reads strings from a tracee. Rule: never trust a length or a NUL that was not
 * read; what cannot be read is the kernel's to judge (the call is let run and fails as it would).
 */
#include "stopped_call.h"

#include <errno.h>
#include <string.h>

#include "../process/again.h"

ssize_t tracee_read(struct stopped_call *call, uint64_t address, void *to, size_t length) {
    ssize_t got = -ENOMEM;
    for (int tries = 0; tries < TRIES_AT_ONCE && got < 0 && error_is_ours((int)-got); tries++)
        got = call->mechanism->read(call, address, to, length);
    return got;
}

ssize_t tracee_read_path(struct stopped_call *call, uint64_t address, char *path) {
    size_t have = 0;
    while (have < TRACEE_PATH_MAX) {
        /* To the end of the page: a whole page costs hardly more than a few bytes, and the next
         * one may not be mapped. */
        size_t part = 4096 - (size_t)((address + have) & 4095);
        if (part > TRACEE_PATH_MAX - have)
            part = TRACEE_PATH_MAX - have;
        ssize_t got = tracee_read(call, address + have, path + have, part);
        if (got <= 0)
            return got < 0 ? got : -EFAULT;
        const char *end = memchr(path + have, '\0', (size_t)got);
        if (end)
            return end - path;
        have += (size_t)got;
    }
    return -ENAMETOOLONG;
}

enum fallback unread_fallback(ssize_t error) {
    if (error == -EBUSY || error_is_ours((int)-error))
        return FALLBACK_BUSY;
    return error == -EPERM || error == -ENOSYS ? FALLBACK_MEMORY : FALLBACK_NONE;
}
