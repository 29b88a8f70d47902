/* procfs.c - the links of procfs that mean something else to every process.
 * Rule: only what the tracee surely has itself is opened with our rights, and a procfs of a pid
 * namespace that is not the tracee's is never guessed at. */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "path_text.h"

bool procfs_holds(const struct context *context, int fd, int64_t type, int error) {
    struct file_id here;
    const struct file_id *own = &context->proc_root;
    if (error == 0)
        return type == K_PROC_SUPER_MAGIC;
    return error == ENOSYS && file_id_read(fd, "", &here) == 0 && here.major == own->major &&
           here.minor == own->minor;
}

struct own_ids {
    pid_t tgid, tid;
    bool same; /* the procfs is ours; else the ids are those of the tracee's own pid namespace */
};

/* The id of a thread or thread group in its own pid namespace, where status does not tell (gVisor):
 * what the kernel says about a descriptor of it. 0 if nothing does. */
static pid_t inner_id(const struct walker *walker, pid_t outer, unsigned flags) {
    char name[64], text[512] = {0};
    int proc = walker->server->context->proc;
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, outer, flags);
    if (pidfd < 0)
        return 0;
    snprintf(name, sizeof name, "self/fdinfo/%d", pidfd);
    int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    close(pidfd);
    const char *ids = length > 0 ? strstr(text, "\nNSpid:") : NULL;
    return ids ? credentials_last_number(ids + strlen("\nNSpid:")) : 0;
}

static void tell_inner_ids(const struct walker *walker, struct own_ids *ids) {
    const struct credentials *credentials = walker->credentials;
    *ids = (struct own_ids){credentials->inner_tgid, credentials->inner_tid, false};
    if (ids->tgid != 0 && ids->tid != 0)
        return;
    ids->tgid = inner_id(walker, credentials->tgid, 0);
    ids->tid = walker->tid == credentials->tgid ? ids->tgid
                                                : inner_id(walker, walker->tid, K_PIDFD_THREAD);
}

/* The tracee's ids in the procfs that `directory` lies in. */
static bool ids_in(const struct walker *walker, int directory, struct own_ids *ids) {
    struct file_id here;
    if (file_id_read(directory, "", &here) != 0)
        return false;
    const struct file_id *ours = &walker->server->context->proc_root;
    const struct credentials *credentials = walker->credentials;
    if (here.major == ours->major && here.minor == ours->minor)
        *ids = (struct own_ids){credentials->tgid, walker->tid, true};
    else
        tell_inner_ids(walker, ids);
    return ids->tgid > 0 && ids->tid > 0;
}

/* Is the procfs with this root that of the tracee's own pid namespace? Its entry says so. */
static bool is_of_own_namespace(const struct walker *walker, int directory, pid_t tgid) {
    char name[64];
    struct stat info;
    if (walker->pid_namespace == walker->server->context->pid_namespace)
        return false;
    snprintf(name, sizeof name, "%d/ns/pid", tgid);
    rights_must_own(walker->server);
    bool seen = fstatat(directory, name, &info, 0) == 0;
    rights_must_tracee(walker->server, walker->credentials);
    return seen && info.st_ino == walker->pid_namespace;
}

bool procfs_own_entry(const struct walker *walker, int directory, bool thread, char *target,
                      size_t capacity) {
    struct own_ids ids;
    if (!ids_in(walker, directory, &ids) ||
        (!ids.same && !is_of_own_namespace(walker, directory, ids.tgid)))
        return false;
    if (thread)
        snprintf(target, capacity, "%d/task/%d", ids.tgid, ids.tid);
    else
        snprintf(target, capacity, "%d", ids.tgid);
    return true;
}

/* Is it the tracee's own directory in procfs (/proc/PID, /proc/PID/fd, and below task)? */
static bool is_own_directory(const struct walker *walker, int directory) {
    char path[TRACEE_PATH_MAX];
    struct k_statfs info;
    struct own_ids ids;
    if (syscall(SYS_fstatfs, directory, &info) != 0 || info.f_type != K_PROC_SUPER_MAGIC ||
        descriptor_own_name(walker->server->context->proc, directory, path, sizeof path) <= 0)
        return false;
    char *last = strrchr(path, '/');
    if (last && strcmp(last, "/fd") == 0) {
        *last = '\0';
        last = strrchr(path, '/');
    }
    if (!last || !ids_in(walker, directory, &ids))
        return false;
    pid_t number = (pid_t)strtol(last + 1, NULL, 10);
    return number == ids.tgid || number == ids.tid;
}

/* Is a directory that holds links (/proc/PID, /proc/PID/fd) of the tracee's user namespace? */
static bool is_of_own_user_namespace(const struct walker *walker, int directory) {
    struct stat info;
    rights_must_own(walker->server);
    uint64_t own = namespace_of(walker->server->context->proc, walker->tid, "user");
    bool seen = fstatat(directory, "ns/user", &info, 0) == 0 ||
                fstatat(directory, "../ns/user", &info, 0) == 0;
    rights_must_tracee(walker->server, walker->credentials);
    return seen && own != 0 && info.st_ino == own;
}

/* gVisor lets links of another process be followed by real ids and permitted capabilities. A thread
 * cannot lay the latter down for a while: surely all the same where the tracee has no fewer of them
 * than we, or the one that is enough. */
static bool is_followed_by_tracee(const struct walker *walker, int directory) {
    const struct context *context = walker->server->context;
    const struct credentials *credentials = walker->credentials;
    if (!context->guards_links || is_own_directory(walker, directory))
        return true;
    bool may_trace = (credentials->effective >> CAP_SYS_PTRACE & 1) != 0;
    if (!credentials->same_user_namespace)
        return may_trace && is_of_own_user_namespace(walker, directory);
    return may_trace || (context->own.permitted & ~credentials->permitted) == 0;
}

int procfs_follow(const struct walker *walker, int directory, const char *name) {
    if (is_followed_by_tracee(walker, directory))
        return procfs_open_as_owner(walker, directory, name, O_PATH | O_CLOEXEC);
    errno = EACCES;
    return -1;
}

int procfs_open_as_owner(const struct walker *walker, int directory, const char *name, int flags) {
    int fd = openat(directory, name, flags);
    if (fd >= 0 || errno != EACCES || !is_own_directory(walker, directory))
        return fd;
    rights_must_own(walker->server);
    fd = openat(directory, name, flags);
    int error = errno;
    rights_must_tracee(walker->server, walker->credentials);
    errno = error;
    return fd;
}
