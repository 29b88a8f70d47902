/* path_answer.c - what a call is told of the file that stands in the place of another.
 * Rule: the kernel says what the stand-in is, by the same call with the same flags, so that nothing
 * is answered that this kernel would refuse; CONTINUE where it, or the tracee's memory, fails us.
 */
#include "path_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../tracee/access.h"
#include "layout.h"
#include "verdict.h"

static int no_errno(int result) {
    return result == 0 ? 0 : -errno;
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
    int error = no_errno((int)syscall(SYS_statx, stand_in->fd, "", question->flags | AT_EMPTY_PATH,
                                      question->mask, &info));
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
static int may(struct stopped_call *call, const struct stand_in *stand_in, int mode, bool effective,
               enum fallback *why) {
    *why = FALLBACK_CREDENTIALS;
    return access_check(call, stand_in->fd, stand_in->found->is_parent ? &stand_in->info : NULL,
                        mode, effective);
}

int64_t answer_access(struct stopped_call *call, const struct path_question *question,
                      const struct stand_in *stand_in, enum fallback *why) {
    if (question->mode == F_OK)
        return 0;
    return may(call, stand_in, question->mode, (question->flags & AT_EACCESS) != 0, why);
}

int64_t answer_readlink(struct stopped_call *call, const struct path_question *question,
                        const struct stand_in *stand_in, enum fallback *why) {
    char text[TRACEE_PATH_MAX];
    if (!S_ISLNK(stand_in->info.st_mode))
        return -EINVAL;
    ssize_t length = readlinkat(stand_in->fd, "", text, sizeof text);
    if (length < 0)
        return -errno;
    if (length > question->size)
        length = (ssize_t)question->size;
    int error = answer_write(call, question->buffer, text, (size_t)length, why);
    return error == 0 ? length : error;
}

/* ---- truncate ---- */

/* RLIMIT_FSIZE of the program, setrlimit(2). The signal that goes with it is not sent. */
static bool is_too_long(const struct stopped_call *call, const struct stand_in *stand_in,
                        int64_t length) {
    struct rlimit limit;
    return length > stand_in->info.st_size && prlimit(call->tid, RLIMIT_FSIZE, NULL, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY && (uint64_t)length > limit.rlim_cur;
}

static int truncate_target(struct stopped_call *call, const struct stand_in *stand_in,
                           int64_t length, enum fallback *why) {
    int fd = access_open(call, stand_in->fd, O_WRONLY | O_NOCTTY | O_NONBLOCK);
    if (access_failed(fd, why))
        return -EAGAIN;
    if (fd < 0)
        return fd;
    *why = FALLBACK_NONE;
    int error = call->mechanism->still_stopped(call) ? no_errno(ftruncate(fd, length)) : -EAGAIN;
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
    int error = may(call, stand_in, W_OK, true, why);
    if (error != 0)
        return error;
    if (is_too_long(call, stand_in, length))
        return -EFBIG;
    if (redirects)
        return truncate_target(call, stand_in, length, why);
    /* Of a rewritten file nothing is kept, as when it is opened for writing. */
    const bool keeps = rule->writes == SPOOF_WRITES_KEEP && rule->kind != SPOOF_FILE_REWRITE;
    return keeps ? no_errno(ftruncate(stand_in->fd, length)) : 0;
}
