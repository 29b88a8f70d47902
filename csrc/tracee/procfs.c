/* procfs.c - the links of procfs that mean something else to every process.
 * Rule: only what the tracee surely has itself is opened with our rights, and a procfs of a pid
 * namespace that is not the tracee's is never guessed at. */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"

struct own_ids {
    pid_t tgid, tid;
    bool same; /* the procfs is ours; else the ids are those of the tracee's own pid namespace */
};

/* The tracee's ids in the procfs that `directory` lies in. */
static bool ids_in(const struct walk *walk, int directory, struct own_ids *ids) {
    struct place here;
    if (place_of(directory, "", &here) != 0)
        return false;
    const struct place *ours = &walk->surroundings->proc_root;
    const struct credentials *credentials = walk->credentials;
    if (here.major == ours->major && here.minor == ours->minor)
        *ids = (struct own_ids){credentials->tgid, walk->tid, true};
    else
        *ids = (struct own_ids){credentials->inner_tgid, credentials->inner_tid, false};
    return true;
}

/* Is the procfs with this root that of the tracee's own pid namespace? Its entry says so. */
static bool is_of_own_namespace(const struct walk *walk, int directory, pid_t tgid) {
    char name[64];
    struct stat info;
    if (walk->pid_namespace == walk->surroundings->pid_namespace)
        return false;
    snprintf(name, sizeof name, "%d/ns/pid", tgid);
    walk_as_ourselves(walk);
    bool seen = fstatat(directory, name, &info, 0) == 0;
    walk_as_tracee(walk);
    return seen && info.st_ino == walk->pid_namespace;
}

bool procfs_own_entry(const struct walk *walk, int directory, bool thread, char *target,
                      size_t capacity) {
    struct own_ids ids;
    if (!ids_in(walk, directory, &ids) ||
        (!ids.same && !is_of_own_namespace(walk, directory, ids.tgid)))
        return false;
    if (thread)
        snprintf(target, capacity, "%d/task/%d", ids.tgid, ids.tid);
    else
        snprintf(target, capacity, "%d", ids.tgid);
    return true;
}

/* Is it the tracee's own directory in procfs (/proc/PID, /proc/PID/fd, and below task)? */
static bool is_own_directory(const struct walk *walk, int directory) {
    char path[TRACEE_PATH_MAX];
    struct k_statfs info;
    struct own_ids ids;
    if (syscall(SYS_fstatfs, directory, &info) != 0 || info.f_type != K_PROC_SUPER_MAGIC ||
        descriptor_name(walk->surroundings->proc, directory, path, sizeof path) <= 0)
        return false;
    char *last = strrchr(path, '/');
    if (last && strcmp(last, "/fd") == 0) {
        *last = '\0';
        last = strrchr(path, '/');
    }
    if (!last || !ids_in(walk, directory, &ids))
        return false;
    pid_t number = (pid_t)strtol(last + 1, NULL, 10);
    return number == ids.tgid || number == ids.tid;
}

int procfs_open_as_owner(const struct walk *walk, int directory, const char *name, int flags) {
    int fd = openat(directory, name, flags);
    if (fd >= 0 || errno != EACCES || !is_own_directory(walk, directory))
        return fd;
    walk_as_ourselves(walk);
    fd = openat(directory, name, flags);
    int error = errno;
    walk_as_tracee(walk);
    errno = error;
    return fd;
}
