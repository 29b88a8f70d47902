/* sticky.c - judges as the kernel does (fs/namei.c), where it is not asked: of a file that is
 * opened by a descriptor it does not see the directory.
 * Rule: the settings are read each time, with our own rights: they are root's alone to read. */
#include "sticky.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "proc_text.h"

#define UNKNOWN (-1)  /* not to be known */
#define IN_DOUBT (-2) /* not this time */

static int setting(const struct walker *walker, const char *name) {
    const int proc = walker->server->context->proc;
    char entry[64], value[16];
    snprintf(entry, sizeof entry, "sys/fs/%s", name);
    rights_must_own(walker->server);
    ssize_t length = proc_text(proc, entry, value, sizeof value);
    rights_must_tracee(walker->server, walker->credentials);
    /* gVisor has no such protection, old kernels not all; a procfs may also hide all of sys
     * (subset=pid). */
    if (length == -ENOENT && faccessat(proc, "sys/kernel", F_OK, 0) == 0)
        return 0;
    if (length < 0 && error_is_ours((int)-length))
        return IN_DOUBT;
    return length > 0 ? atoi(value) : UNKNOWN;
}

static enum sticky bars(int setting, int from) {
    if (setting < 0)
        return setting == IN_DOUBT ? STICKY_IN_DOUBT : STICKY_UNKNOWN;
    return setting >= from ? STICKY_BARS : STICKY_PASSES;
}

static bool is_of_others(const struct walker *walker, const struct k_statx *directory,
                         const struct k_statx *file) {
    return file->stx_uid != walker->credentials->fsuid && file->stx_uid != directory->stx_uid;
}

enum sticky sticky_link(const struct walker *walker, int directory, const struct k_statx *link) {
    struct k_statx above;
    if (!file_info(directory, &above))
        return STICKY_IN_DOUBT;
    if ((above.stx_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) ||
        !is_of_others(walker, &above, link))
        return STICKY_PASSES;
    return bars(setting(walker, "protected_symlinks"), 1);
}

enum sticky sticky_creation(const struct walker *walker, int directory,
                            const struct k_statx *file) {
    struct k_statx above;
    if (!S_ISREG(file->stx_mode) && !S_ISFIFO(file->stx_mode))
        return STICKY_PASSES;
    if (!file_info(directory, &above))
        return STICKY_IN_DOUBT;
    if (!(above.stx_mode & S_ISVTX) || !(above.stx_mode & (S_IWOTH | S_IWGRP)) ||
        !is_of_others(walker, &above, file))
        return STICKY_PASSES;
    const char *name = S_ISREG(file->stx_mode) ? "protected_regular" : "protected_fifos";
    return bars(setting(walker, name), above.stx_mode & S_IWOTH ? 1 : 2);
}
