/* access.c - the permissions of a file for the tracee, access(2) and user_namespaces(7).
 * Rule: the kernel judges, while the thread has the tracee's rights; where the kernel has no
 * call for it, or there is no file, the permission bits and two capabilities do
 * (path_resolution(7)). */
#include "access.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "identity.h"
#include "rights.h"

/* ---- opening ---- */

/* With the rights that the thread has. The descriptor, or -errno of the file; what we are short of
 * is not the program's. */
static int open_again_at(int proc, int fd, int flags) {
    char entry[64];
    int opened;
    snprintf(entry, sizeof entry, "self/fd/%d", fd);
    do
        opened = openat(proc, entry, flags | O_CLOEXEC);
    while (opened < 0 && errno == EINTR);
    if (opened >= 0)
        return opened;
    return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? ACCESS_BUSY : -errno;
}

static int open_as_tracee(struct stopped_call *call, int fd, int flags) {
    struct server *server = call->server;
    int opened = ACCESS_NO_RIGHTS, error;
    const struct credentials *credentials = identity_credentials(call, &error);
    if (!credentials)
        return opened;
    if (rights_as_tracee(server, credentials))
        opened = open_again_at(server->context->proc, fd, flags);
    rights_must_usual(server);
    return opened;
}

int access_open(struct stopped_call *call, int fd, int flags) {
    /* Always as the tracee: what a file of procfs tells depends on capabilities (kallsyms), too. */
    return server_step_aside(call->server) ? open_as_tracee(call, fd, flags) : ACCESS_BUSY;
}

int access_open_at_once(struct stopped_call *call, int fd, int flags) {
    const struct server *server = call->server;
    int opened = ACCESS_NO_RIGHTS;
    /* What is open to nobody in particular is open to the tracee. */
    if (server->rights == RIGHTS_NONE)
        opened = open_again_at(server->context->proc, fd, flags);
    return opened >= 0 ? opened : open_as_tracee(call, fd, flags);
}

/* ---- judging ---- */

static bool has(const struct credentials *credentials, int capability) {
    return credentials->same_user_namespace && (credentials->effective >> capability & 1) != 0;
}

static bool is_in_group(const struct credentials *credentials, gid_t group) {
    if (credentials->fsgid == group)
        return true;
    for (uint32_t i = 0; i < credentials->group_count; i++)
        if (credentials->groups[i] == group)
            return true;
    return false;
}

static int judge_by_mode(const struct credentials *credentials, const struct stat *info, int mode) {
    unsigned granted = info->st_mode & 7;
    if (credentials->fsuid == info->st_uid)
        granted = info->st_mode >> 6 & 7;
    else if (is_in_group(credentials, info->st_gid))
        granted = info->st_mode >> 3 & 7;
    const bool directory = S_ISDIR(info->st_mode);
    if (has(credentials, CAP_DAC_OVERRIDE) && (directory || (info->st_mode & 0111)))
        granted = 7;
    else if (has(credentials, CAP_DAC_OVERRIDE))
        granted |= 6;
    else if (has(credentials, CAP_DAC_READ_SEARCH))
        granted |= directory ? 5 : 4;
    return ((unsigned)mode & ~granted) == 0 ? 0 : -EACCES;
}

/* Nobody may write where nothing can be written. */
static int judge_by_bits(const struct credentials *credentials, int fd, const struct stat *invented,
                         int mode) {
    struct stat info;
    struct statvfs filesystem;
    if (!invented && fstat(fd, &info) != 0)
        return -errno;
    const struct stat *judged = invented ? invented : &info;
    const bool stored = S_ISREG(judged->st_mode) || S_ISDIR(judged->st_mode);
    if ((mode & W_OK) && stored && fstatvfs(fd, &filesystem) == 0 &&
        (filesystem.f_flag & ST_RDONLY))
        return -EROFS;
    return judge_by_mode(credentials, judged, mode);
}

/* AT_EACCESS, because filesystem ids are all that is taken on. */
static int judge(const struct credentials *credentials, int fd, const struct stat *invented,
                 int mode) {
    if (!invented && syscall(K_NR_FACCESSAT2, fd, "", mode, AT_EMPTY_PATH | AT_EACCESS) == 0)
        return 0;
    /* ENOSYS before Linux 5.8 and in old gVisor. */
    if (invented || errno == ENOSYS || errno == EINVAL)
        return judge_by_bits(credentials, fd, invented, mode);
    return -errno;
}

/* As the kernel makes them for access(2), credentials(7): by the real ids, and with the
 * capabilities that root of the namespace would have. */
static void make_real(struct credentials *credentials) {
    credentials->fsuid = credentials->uid;
    credentials->fsgid = credentials->gid;
    if (credentials->same_user_namespace)
        credentials->effective = credentials->uid == 0 ? credentials->permitted : 0;
    else
        credentials->effective = credentials->permitted; /* who is root there is not known */
}

int access_check(struct stopped_call *call, int fd, const struct stat *invented, int mode,
                 bool effective) {
    struct server *server = call->server;
    int result = -EAGAIN, error;
    const struct credentials *known = identity_credentials(call, &error);
    if (!known)
        return result;
    struct credentials credentials = *known;
    if (!effective)
        make_real(&credentials);
    if (rights_as_tracee(server, &credentials))
        result = judge(&credentials, fd, invented, mode);
    rights_must_usual(server);
    /* Capabilities over the files of another user namespace are never taken on. */
    const bool may_be_more = !credentials.same_user_namespace && credentials.effective != 0;
    return result == -EACCES && may_be_more ? -EAGAIN : result;
}

/* ---- whose it is ---- */

/* What the kernel shows for an id that the namespace does not have. */
static uint32_t overflow_id(int proc, const char *entry) {
    char text[16] = {0};
    int fd = openat(proc, entry, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    return got > 0 ? (uint32_t)strtoul(text, NULL, 10) : 65534;
}

/* By /proc/TID/uid_map or gid_map: first id inside, first id as whoever reads it has it, how many.
 */
static bool map_id(int proc, pid_t tid, const char *map, const char *overflow, uint32_t *id) {
    char entry[64], line[128];
    unsigned long inside, outside, count;
    bool mapped = false;
    snprintf(entry, sizeof entry, "%d/%s", tid, map);
    int fd = openat(proc, entry, O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (!mapped && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 && *id >= outside &&
            *id - outside < count) {
            *id = (uint32_t)(inside + (*id - outside));
            mapped = true;
        }
    }
    fclose(file);
    if (!mapped)
        *id = overflow_id(proc, overflow);
    return true;
}

bool access_map_owner(struct stopped_call *call, uint32_t *uid, uint32_t *gid) {
    const int proc = call->server->context->proc;
    return identity_in_own_user_namespace(call->server, call->tid) ||
           (map_id(proc, call->tid, "uid_map", "sys/kernel/overflowuid", uid) &&
            map_id(proc, call->tid, "gid_map", "sys/kernel/overflowgid", gid));
}
