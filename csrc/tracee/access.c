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
#include "file_id.h"
#include "identity.h"
#include "opener.h"
#include "proc_text.h"
#include "procfs.h"
#include "proxy.h"
#include "restricted.h"
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

/* An open may empty the file: never for a call that is over. To be asked with our own rights or
 * none, and last of all. */
static bool may_open(struct stopped_call *call, int flags) {
    return !(flags & O_TRUNC) || call->mechanism->still_stopped(call);
}

struct private_open {
    int proc, fd, flags, opened;
};

static int open_privately(void *data) {
    struct private_open *asked = data;
    asked->opened = open_again_at(asked->proc, asked->fd, asked->flags);
    return asked->opened;
}

/* A FUSE filesystem may be its user's alone, and ask for the real ids, too. `opened`: without them.
 */
static int open_with_all_ids(struct stopped_call *call, const struct credentials *credentials,
                             int fd, int flags, int opened) {
    const struct server *server = call->server;
    struct private_open asked = {server->context->proc, fd, flags, opened};
    struct k_statfs info;
    int own;
    if (opened != -EACCES || server->receiving || syscall(SYS_fstatfs, fd, &info) != 0 ||
        info.f_type != K_FUSE_SUPER_MAGIC || !may_open(call, flags) ||
        !proxy_ask(credentials, open_privately, &asked, sizeof asked, &own))
        return opened;
    if (own >= 0)
        return own;
    return asked.opened < 0 ? asked.opened : ACCESS_BUSY;
}

static int open_as_tracee(struct stopped_call *call, int fd, int flags) {
    struct server *server = call->server;
    int opened = ACCESS_NO_RIGHTS, error;
    const struct credentials *credentials = identity_credentials(call, &error);
    if (!credentials || !procfs_tells_tracee(call, fd))
        return opened;
    if (may_open(call, flags) && rights_as_tracee(server, credentials))
        opened = open_again_at(server->context->proc, fd, flags);
    rights_must_usual(server);
    return open_with_all_ids(call, credentials, fd, flags, opened);
}

int access_open(struct stopped_call *call, int fd, int flags) {
    if (restricted_may_be(call))
        return ACCESS_RESTRICTED;
    if (!opener_is_alike(call, fd, (flags & O_ACCMODE) != O_RDONLY))
        return ACCESS_OTHER;
    /* Always as the tracee: what a file of procfs tells depends on capabilities (kallsyms), too. */
    return server_step_aside(call->server) ? open_as_tracee(call, fd, flags) : ACCESS_BUSY;
}

/* What is open to nobody in particular is open to the tracee, unless its owner or group is kept
 * out. */
static bool excludes_none(int fd) {
    struct k_statx info;
    if (!file_info(fd, &info))
        return false;
    const unsigned all = info.stx_mode & 7;
    return (info.stx_mode >> 6 & all) == all && (info.stx_mode >> 3 & all) == all;
}

int access_open_own(struct stopped_call *call, int fd, int flags) {
    const struct server *server = call->server;
    int opened = ACCESS_NO_RIGHTS;
    if (server->rights == RIGHTS_NONE && excludes_none(fd) && may_open(call, flags))
        opened = open_again_at(server->context->proc, fd, flags);
    return opened >= 0 ? opened : open_as_tracee(call, fd, flags);
}

int access_open_table(struct stopped_call *call, int fd) {
    return restricted_may_be(call) ? ACCESS_RESTRICTED : access_open_own(call, fd, O_RDONLY);
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

/* What a failed call says of the file; -EAGAIN: nothing. */
static int error_of_file(void) {
    return error_is_ours(errno) ? -EAGAIN : -errno;
}

/* Nobody may write where nothing can be written. */
static int judge_by_bits(const struct credentials *credentials, int fd, const struct stat *invented,
                         int mode) {
    struct stat info;
    struct statvfs filesystem;
    if (!invented && fstat(fd, &info) != 0)
        return error_of_file();
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
    return error_of_file();
}

int access_check(struct stopped_call *call, int fd, const struct stat *invented, int mode) {
    struct server *server = call->server;
    int result = -EAGAIN, error;
    const struct credentials *credentials = identity_credentials(call, &error);
    if (!credentials || (!invented && !procfs_tells_tracee(call, fd)))
        return result;
    if (rights_as_tracee(server, credentials))
        result = judge(credentials, fd, invented, mode);
    rights_must_usual(server);
    /* Capabilities over the files of another user namespace are never taken on. */
    const bool may_be_more = !credentials->same_user_namespace && credentials->effective != 0;
    return result == -EACCES && may_be_more ? -EAGAIN : result;
}

/* ---- whose it is ---- */

/* What the kernel shows for an id that the namespace does not have. */
static uint32_t overflow_id(int proc, const char *entry) {
    char text[16];
    return proc_text(proc, entry, text, sizeof text) > 0 ? (uint32_t)strtoul(text, NULL, 10)
                                                         : 65534;
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
    const bool whole = !ferror(file);
    fclose(file);
    if (!mapped && !whole)
        return false;
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
