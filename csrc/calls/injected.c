/* injected.c - fstatfs of injected files.
 * Rule: a program may call a memfd of its own as we do; it then fools nobody but itself. */
#include "injected.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../content/snapshot.h"

/* A file of procfs, not its root: gVisor before 2023 has no statfs for some. */
static int statfs_of_table(const struct surroundings *surroundings, struct k_statfs *info) {
    int fd = openat(surroundings->proc, "self/mountinfo", O_PATH | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = syscall(SYS_fstatfs, fd, info) == 0 ? 0 : -errno;
    close(fd);
    return error;
}

bool injected_statfs(const struct surroundings *surroundings, const char *link,
                     struct k_statfs *info, int *error) {
    if (info->f_type != K_TMPFS_MAGIC || !snapshot_is_table(link))
        return false;
    *error = statfs_of_table(surroundings, info);
    return true;
}
