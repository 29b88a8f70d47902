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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "identity.h"
#include "path_text.h"
#include "proc_text.h"

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
    char name[64], text[512];
    int proc = walker->server->context->proc;
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, outer, flags);
    if (pidfd < 0)
        return 0;
    snprintf(name, sizeof name, "self/fdinfo/%d", pidfd);
    proc_text(proc, name, text, sizeof text);
    close(pidfd);
    const char *ids = strstr(text, "\nNSpid:");
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

/* In how many pid namespaces, from that of the procfs on inwards, does the process have an id? 0:
 * not told (gVisor; Linux before 4.1). */
static int count_ids(int directory, pid_t tgid) {
    char status[8192];
    int count = 0;
    proc_text_of(directory, tgid, "status", status, sizeof status);
    const char *ids = proc_status_field(status, "\nNSpid:");
    for (ids = ids ? ids : ""; *ids && *ids != '\n'; ids++)
        count += *ids == '\t' && ids[1] != '\n';
    return count;
}

/* Is the procfs with this root that of the tracee's own pid namespace? Its entry says so: it is in
 * that namespace, and in none that lies between. */
static bool is_of_own_namespace(const struct walker *walker, int directory, pid_t tgid) {
    char name[64];
    struct stat info;
    snprintf(name, sizeof name, "%d/ns/pid", tgid);
    rights_must_own(walker->server);
    bool seen = fstatat(directory, name, &info, 0) == 0 && info.st_ino == walker->pid_namespace;
    int ids = seen ? count_ids(directory, tgid) : 0;
    rights_must_tracee(walker->server, walker->credentials);
    const bool another = walker->pid_namespace != walker->server->context->pid_namespace;
    return seen && (ids == 1 || (ids == 0 && another));
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

/* Of a directory of procfs, without leaving its mount. A descriptor or -1. */
static int open_within(int directory, const char *name, int flags) {
    struct k_open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                             .resolve = K_RESOLVE_NO_XDEV | K_RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(K_NR_OPENAT2, directory, name, &how, sizeof how);
    return fd < 0 && errno == ENOSYS ? openat(directory, name, flags | O_CLOEXEC) : fd;
}

static bool is_same_file(const struct file_id *a, int directory, const char *name) {
    struct file_id b;
    return file_id_read(directory, name, &b) == 0 && a->inode == b.inode && a->major == b.major &&
           a->minor == b.minor;
}

/* Is this the directory of our own procfs that its name says? */
static bool is_named(const struct walker *walker, int directory, const struct own_ids *ids,
                     pid_t number, const char *below) {
    char name[64], of_task[64];
    struct file_id here;
    const int proc = walker->server->context->proc;
    snprintf(name, sizeof name, "%d%s", number, below);
    snprintf(of_task, sizeof of_task, "%d/task/%d%s", ids->tgid, number, below);
    return file_id_read(directory, "", &here) == 0 &&
           (is_same_file(&here, proc, name) || is_same_file(&here, proc, of_task));
}

/* Is a directory of another procfs that of the process with this id in the tracee's pid namespace?
 * Its files say so. */
static bool is_of_process(const struct walker *walker, int directory, pid_t number,
                          const char *below) {
    char status[8192];
    struct stat info;
    rights_must_own(walker->server);
    int process = open_within(directory, *below ? ".." : ".", O_PATH);
    int file = open_within(process, "status", O_RDONLY);
    int spaces = open_within(process, "ns", O_PATH);
    ssize_t length = file < 0 ? -1 : read(file, status, sizeof status - 1);
    status[length > 0 ? length : 0] = '\0';
    const char *ids = proc_status_field(status, "\nNSpid:");
    bool is = spaces >= 0 && fstatat(spaces, "pid", &info, 0) == 0 &&
              info.st_ino == walker->pid_namespace && ids && credentials_last_number(ids) == number;
    const int opened[] = {process, file, spaces};
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++)
        if (opened[i] >= 0)
            close(opened[i]);
    rights_must_tracee(walker->server, walker->credentials);
    return is;
}

/* Is it the tracee's own directory in procfs (/proc/PID, /proc/PID/fd, and below task)? A name is a
 * claim: programs can mount any directory of procfs where they want. */
static bool is_own_directory(const struct walker *walker, int directory) {
    char path[TRACEE_PATH_MAX];
    const char *below = "";
    struct k_statfs info;
    struct own_ids ids;
    if (syscall(SYS_fstatfs, directory, &info) != 0 || info.f_type != K_PROC_SUPER_MAGIC ||
        descriptor_own_name(walker->server->context->proc, directory, path, sizeof path) <= 0)
        return false;
    char *last = strrchr(path, '/');
    if (last && strcmp(last, "/fd") == 0) {
        *last = '\0';
        last = strrchr(path, '/');
        below = "/fd";
    }
    if (!last || !ids_in(walker, directory, &ids))
        return false;
    pid_t number = (pid_t)strtol(last + 1, NULL, 10);
    if (number != ids.tgid && number != ids.tid)
        return false;
    if (walker->server->context->effective_ids)
        return true; /* gVisor: inodes are made anew, and nothing is open to our own group alone */
    return ids.same ? is_named(walker, directory, &ids, number, below)
                    : is_of_process(walker, directory, number, below);
}

/* Is a directory that holds links (/proc/PID, /proc/PID/fd) of the tracee's user namespace? */
static bool is_of_own_user_namespace(const struct walker *walker, int directory) {
    struct stat info;
    rights_must_own(walker->server);
    uint64_t own = namespace_of(walker->server->context->proc, walker->tid, "user");
    int spaces = open_within(directory, "ns", O_PATH);
    if (spaces < 0)
        spaces = open_within(directory, "../ns", O_PATH);
    bool seen = spaces >= 0 && fstatat(spaces, "user", &info, 0) == 0;
    if (spaces >= 0)
        close(spaces);
    rights_must_tracee(walker->server, walker->credentials);
    return seen && own != 0 && info.st_ino == own;
}

/* Of another user namespace than ours: who may trace there may follow all links there. */
static bool is_followed_in_namespace(const struct walker *walker, int directory) {
    return (walker->credentials->effective >> CAP_SYS_PTRACE & 1) != 0 &&
           is_of_own_user_namespace(walker, directory);
}

/* gVisor lets links of another process be followed by real ids and permitted capabilities. A thread
 * cannot lay the latter down for a while: surely all the same where the tracee has no fewer of them
 * than we, or the one that is enough. */
static bool is_followed_in_gvisor(const struct walker *walker, int directory) {
    const struct context *context = walker->server->context;
    const struct credentials *credentials = walker->credentials;
    bool may_trace = (credentials->effective >> CAP_SYS_PTRACE & 1) != 0;
    if (!credentials->same_user_namespace)
        return is_followed_in_namespace(walker, directory);
    return may_trace || (context->own.permitted & ~credentials->permitted) == 0;
}

/* A process may follow all links of its own, so what nobody may follow is no link of ours. Where we
 * cannot be nobody the tracee has the same credentials, and may follow ours like those of any other
 * process of its user, which is dumpable (ptrace(2)). */
static bool is_link_of_ours(const struct walker *walker, int directory, const char *name) {
    if (!rights_are_taken_on(walker->server->context))
        return prctl(PR_GET_DUMPABLE) != 1;
    rights_must_nobody(walker->server);
    int fd = openat(directory, name, O_PATH | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    rights_must_tracee(walker->server, walker->credentials);
    return fd >= 0;
}

/* May the tracee follow a link wherever we may, as it? Not where the kernel looks at who we are
 * besides: our own process, our user namespace (ptrace(2)). */
static bool is_followed_by_tracee(const struct walker *walker, int directory, const char *name) {
    const struct context *context = walker->server->context;
    if (is_own_directory(walker, directory))
        return true;
    if (context->effective_ids)
        return !context->guards_links || is_followed_in_gvisor(walker, directory);
    return (walker->credentials->same_user_namespace ||
            is_followed_in_namespace(walker, directory)) &&
           !is_link_of_ours(walker, directory, name);
}

int procfs_follow(const struct walker *walker, int directory, const char *name) {
    if (is_followed_by_tracee(walker, directory, name))
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

/* ---- files ---- */

/* Files that are not made for a process or a reader are numbered from here on (fs/proc/generic.c).
 */
#define FIRST_STATIC 0xf0000000U

/* The root of the procfs that a file lies in: ours, or what the tracee has as /proc. -1: unknown.
 */
static int open_root_of(struct stopped_call *call, const struct file_id *file) {
    const struct context *context = call->server->context;
    char name[64];
    struct file_id root;
    snprintf(name, sizeof name, "%d/root/proc", call->tid);
    int fd = file->major == context->proc_root.major && file->minor == context->proc_root.minor
                 ? fcntl(context->proc, F_DUPFD_CLOEXEC, 0)
                 : openat(context->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && file_id_read(fd, "", &root) == 0 && root.inode == context->proc_root.inode &&
        root.major == file->major && root.minor == file->minor)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Is it a file of another process than ours, or of none? What its path says counts if the file is
 * there. */
static bool is_of_another(int root, const struct file_id *file, const char *path) {
    char entry[64];
    for (const char *name = path; name; name = strchr(name + 1, '/')) {
        const size_t digits = strspn(name + 1, "0123456789");
        const bool of_process = digits > 0 && digits < 16 && name[1 + digits] == '/';
        if ((!of_process && strncmp(name, "/sys/", 5) != 0) || !is_same_file(file, root, name + 1))
            continue;
        snprintf(entry, sizeof entry, "self/task/%.*s", (int)digits, name + 1);
        return !of_process || faccessat(root, entry, F_OK, 0) != 0;
    }
    return false;
}

bool procfs_tells_tracee(struct stopped_call *call, int fd) {
    const struct context *context = call->server->context;
    char path[TRACEE_PATH_MAX];
    struct k_statfs info;
    struct file_id file;
    if (syscall(SYS_fstatfs, fd, &info) != 0 || info.f_type != K_PROC_SUPER_MAGIC ||
        context->effective_ids)
        return true;
    if (file_id_read(fd, "", &file) != 0)
        return false;
    if (file.inode >= FIRST_STATIC)
        return true;
    if (!identity_in_own_user_namespace(call->server, call->tid) ||
        descriptor_own_name(context->proc, fd, path, sizeof path) <= 0)
        return false;
    int root = open_root_of(call, &file);
    bool tells = root >= 0 && is_of_another(root, &file, path);
    if (root >= 0)
        close(root);
    return tells;
}
