/* path_answer.c - what a call is told of the file that stands in the place of another.
 * Rule: the kernel says what the stand-in is, by the same call with the same flags, so that nothing
 * is answered that this kernel would refuse; CONTINUE where it, or the tracee's memory, fails us.
 */
#include "path_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../tracee/access.h"
#include "../tracee/proc_text.h"
#include "../tracee/identity.h"
#include "../tracee/rights.h"
#include "layout.h"
#include "verdict.h"

/* What a call of ours returns: 0, or the error of what stands there; -EAGAIN, with *why, where the
 * error says nothing of that. */
static int told_by(int result, enum fallback *why) {
    if (result == 0)
        return 0;
    if (!error_is_ours(errno))
        return -errno;
    *why = FALLBACK_BUSY;
    return -EAGAIN;
}

/* What has no name of its own says that it was unlinked; but here it was found by its name. */
static uint32_t links_of(const struct stand_in *stand_in, uint32_t links) {
    return links == 0 && S_ISREG(stand_in->info.st_mode) ? 1 : links;
}

/* ---- answers ---- */

bool kernel_takes(struct stopped_call *call, const struct known_call *known,
                  const struct path_question *question) {
    static _Atomic uint64_t latest[TASK_COUNT]; /* what it took last; it takes the same again */
    const int fd = call->server->context->proc;
    const int flags = question->flags | AT_EMPTY_PATH;
    const uint64_t asked = (uint64_t)(uint32_t)flags << 32 | question->mask;
    struct stat info;
    struct k_statx more;
    long result = 0;
    if (latest[known->task] == asked)
        return true;
    if (known->task == TASK_FSTATAT)
        result = syscall(SYS_newfstatat, fd, "", &info, flags);
    else if (known->task == TASK_STATX)
        result = syscall(SYS_statx, fd, "", flags, question->mask, &more);
    else if (known->task == TASK_FACCESSAT2)
        result = syscall(K_NR_FACCESSAT2, fd, "", F_OK, flags);
    const bool takes = result == 0 || (errno != EINVAL && errno != ENOSYS);
    if (takes)
        latest[known->task] = asked;
    return takes;
}

int64_t answer_stat(struct stopped_call *call, const struct known_call *known,
                    const struct path_question *question, const struct stand_in *stand_in,
                    enum fallback *why) {
    union stat_image image;
    struct stat info = stand_in->info;
    info.st_nlink = links_of(stand_in, (uint32_t)info.st_nlink);
    *why = FALLBACK_PROC;
    if (!access_map_owner(call, &info.st_uid, &info.st_gid))
        return -EAGAIN;
    size_t size = stat_layout_fill(known->layout, &info, &image);
    return answer_write(call, question->buffer, &image, size, why);
}

int64_t answer_statx(struct stopped_call *call, const struct path_question *question,
                     const struct stand_in *stand_in, enum fallback *why) {
    struct k_statx info;
    int error = told_by((int)syscall(SYS_statx, stand_in->fd, "", question->flags | AT_EMPTY_PATH,
                                     question->mask, &info),
                        why);
    if (error != 0)
        return error;
    if (stand_in->found->is_parent) {
        info.stx_mode = (uint16_t)stand_in->info.st_mode;
        info.stx_uid = stand_in->info.st_uid;
        info.stx_gid = stand_in->info.st_gid;
        info.stx_nlink = (uint32_t)stand_in->info.st_nlink;
        info.stx_ino = stand_in->info.st_ino;
        info.stx_attributes &= ~(uint64_t)K_STATX_ATTR_MOUNT_ROOT;
    }
    info.stx_nlink = links_of(stand_in, info.stx_nlink);
    *why = FALLBACK_PROC;
    if (!access_map_owner(call, &info.stx_uid, &info.stx_gid))
        return -EAGAIN;
    return answer_write(call, question->buffer, &info, sizeof info, why);
}

/* access(2) as the tracee, and of an invented directory by what it is like. */
static int may(struct stopped_call *call, const struct stand_in *stand_in, int mode,
               enum fallback *why) {
    *why = FALLBACK_CREDENTIALS;
    return access_check(call, stand_in->fd, stand_in->found->is_parent ? &stand_in->info : NULL,
                        mode);
}

int64_t answer_access(struct stopped_call *call, const struct path_question *question,
                      const struct stand_in *stand_in, enum fallback *why) {
    if (question->mode == F_OK)
        return 0;
    return may(call, stand_in, question->mode, why);
}

int64_t answer_readlink(struct stopped_call *call, const struct path_question *question,
                        const struct stand_in *stand_in, enum fallback *why) {
    char text[TRACEE_PATH_MAX];
    if (!S_ISLNK(stand_in->info.st_mode))
        return -EINVAL;
    ssize_t length = readlinkat(stand_in->fd, "", text, sizeof text);
    if (length < 0)
        return told_by(-1, why);
    if (length > question->size)
        length = (ssize_t)question->size;
    int error = answer_write(call, question->buffer, text, (size_t)length, why);
    return error == 0 ? length : error;
}

/* ---- truncate ---- */

/* RLIMIT_FSIZE of the program, setrlimit(2); what procfs says takes no capability, as prlimit(2)
 * does. False: not to be known. */
static bool find_longest(const struct stopped_call *call, uint64_t *longest) {
    struct rlimit limit;
    if (prlimit(call->tid, RLIMIT_FSIZE, NULL, &limit) == 0) {
        *longest = limit.rlim_cur;
        return true;
    }
    return proc_soft_limit(call->server->context->proc, call->tid, "\nMax file size", longest);
}

/* May the file be made so long? The signal that goes with EFBIG is not sent. */
static int may_be_so_long(const struct stopped_call *call, const struct stand_in *stand_in,
                          int64_t length, enum fallback *why) {
    uint64_t longest;
    if (length <= stand_in->info.st_size)
        return 0;
    *why = FALLBACK_PROC;
    if (!find_longest(call, &longest))
        return -EAGAIN;
    return (uint64_t)length > longest ? -EFBIG : 0;
}

static int set_length(int fd, int64_t length, enum fallback *why) {
    int result;
    do
        result = ftruncate(fd, length);
    while (result != 0 && errno == EINTR);
    return told_by(result, why);
}

/* With its capabilities: a setuid bit is lost without CAP_FSETID. */
static int truncate_as_tracee(struct stopped_call *call, int fd, int64_t length,
                              enum fallback *why) {
    int result = -EAGAIN, error;
    const struct credentials *credentials = identity_credentials(call, &error);
    if (credentials && call->mechanism->still_stopped(call) &&
        rights_as_tracee(call->server, credentials))
        result = set_length(fd, length, why);
    rights_must_usual(call->server);
    return result;
}

static int truncate_target(struct stopped_call *call, const struct stand_in *stand_in,
                           int64_t length, enum fallback *why) {
    int fd = access_open(call, stand_in->fd, O_WRONLY | O_NOCTTY | O_NONBLOCK);
    if (access_failed(fd, why))
        return -EAGAIN;
    if (fd < 0)
        return fd;
    *why = FALLBACK_NONE;
    int error = truncate_as_tracee(call, fd, length, why);
    close(fd);
    return error;
}

int64_t answer_truncate(struct stopped_call *call, const struct path_question *question,
                        const struct stand_in *stand_in, enum fallback *why) {
    const struct blob_file_rule *rule = stand_in->found->rule;
    const int64_t length = question->size;
    if (S_ISDIR(stand_in->info.st_mode))
        return -EISDIR;
    if (!S_ISREG(stand_in->info.st_mode))
        return -EINVAL;
    const bool redirects = rule->kind == SPOOF_FILE_REDIRECT;
    if (!redirects && rule->writes == SPOOF_WRITES_REFUSE)
        return -EACCES;
    int error = may(call, stand_in, W_OK, why);
    if (error != 0)
        return error;
    error = may_be_so_long(call, stand_in, length, why);
    if (error != 0)
        return error;
    if (redirects)
        return truncate_target(call, stand_in, length, why);
    /* Of a rewritten file nothing is kept, as when it is opened for writing. */
    const bool keeps = rule->writes == SPOOF_WRITES_KEEP && rule->kind != SPOOF_FILE_REWRITE;
    if (keeps && length > stand_in->info.st_size && length > (int64_t)rule->max_size)
        return -ENOSPC;
    if (!keeps)
        return 0;
    *why = FALLBACK_NONE;
    return call->mechanism->still_stopped(call) ? set_length(stand_in->fd, length, why) : -EAGAIN;
}
