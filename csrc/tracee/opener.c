/* opener.c - compares the tracee with the thread of ours that would open a file for it.
 * Rule: only what was found to be the same is the same; what no thread can take on for a while is
 * never done in its place. */
#include "opener.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "proc_text.h"
#include "server.h"

/* `ours`: the thread that opens; the process, where it counts who has looked the file up. */
static bool have_same_namespace(const struct stopped_call *call, const char *kind, pid_t ours) {
    return namespace_is_same(call->server->context->proc, call->tid, ours, kind);
}

/* /proc/TID/cgroup, cgroups(7). Neither is there: no cgroup keeps anybody from anything. */
static bool have_same_cgroups(const struct stopped_call *call) {
    char theirs[8192], ours[sizeof theirs];
    const int proc = call->server->context->proc;
    ssize_t length = proc_text_of(proc, call->tid, "cgroup", theirs, sizeof theirs);
    ssize_t own = proc_text(proc, "self/cgroup", ours, sizeof ours);
    return length == own && (size_t)(length + 1) < sizeof theirs && strcmp(theirs, ours) == 0;
}

/* AppArmor, SELinux, Smack: who has the same label may do the same. */
static bool have_same_label(const struct stopped_call *call) {
    const struct context *context = call->server->context;
    char theirs[sizeof context->label];
    if (context->label[0] == '\0')
        return true;
    ssize_t length = proc_text_of(context->proc, call->tid, "attr/current", theirs, sizeof theirs);
    return (size_t)(length + 1) < sizeof theirs && strcmp(theirs, context->label) == 0;
}

/* null, zero, full, random and urandom (null(4), random(4)) are the same to everybody. */
static bool is_harmless(dev_t device) {
    const unsigned number = minor(device);
    return major(device) == 1 && (number == 3 || number == 5 || (number >= 7 && number <= 9));
}

/* /dev/tty is the terminal of who opens it (tty(4)), and nobody shares one with us. */
static bool is_own_terminal(dev_t device) {
    return major(device) == 5 && minor(device) == 0;
}

/* Files of procfs that show a namespace of whoever opens them, or has looked them up: a thread may
 * have entered the tracee's since then (namespaces.h). */
static bool is_shown_alike(const struct stopped_call *call, int fd, pid_t thread) {
    static const struct {
        const char *begins, *kind;
        bool looked_up;
    } shown[] = {
        {"/sysvipc/", "ipc", false},
        {"/sys/net/", "net", true},
        {"/sys/kernel/shm", "ipc", true},
        {"/sys/kernel/msg", "ipc", true},
        {"/sys/kernel/sem", "ipc", true},
        {"/sys/kernel/auto_msgmni", "ipc", true},
        {"/sys/fs/mqueue/", "ipc", true},
        {"/sysvipc/", "pid", false},
        {"/loadavg", "pid", false},
        {"/sys/kernel/pid_max", "pid", false},
        {"/sys/kernel/ns_last_pid", "pid", false},
    };
    char path[TRACEE_PATH_MAX];
    if (descriptor_own_name(call->server->context->proc, fd, path, sizeof path) <= 0)
        return false;
    const char *last = strrchr(path, '/');
    if (last && (strcmp(last, "/keys") == 0 || strcmp(last, "/key-users") == 0))
        return false; /* they tell of the keyrings of who opens them, keyrings(7) */
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (strstr(path, shown[i].begins) &&
            !have_same_namespace(call, shown[i].kind, shown[i].looked_up ? getpid() : thread))
            return false;
    return true;
}

bool opener_is_alike(struct stopped_call *call, int fd, bool writes) {
    struct stat info;
    struct k_statfs filesystem;
    const pid_t thread = (pid_t)syscall(SYS_gettid);
    if (fstat(fd, &info) != 0 || !have_same_label(call))
        return false;
    if (S_ISCHR(info.st_mode) && is_own_terminal(info.st_rdev))
        return false;
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
        return is_harmless(info.st_rdev) ||
               (have_same_cgroups(call) && have_same_namespace(call, "net", thread));
    if (syscall(SYS_fstatfs, fd, &filesystem) != 0)
        return true; /* FUSE, of its user alone */
    if (filesystem.f_type == K_PROC_SUPER_MAGIC)
        return is_shown_alike(call, fd, thread);
    /* Who moves processes is asked for the cgroup namespace that it was in when it opened. */
    return !writes ||
           (filesystem.f_type != K_CGROUP_SUPER_MAGIC &&
            filesystem.f_type != K_CGROUP2_SUPER_MAGIC) ||
           have_same_namespace(call, "cgroup", thread);
}
