/* path_call.c - stat, access, readlink, truncate and their like, where a files rule names the path.
 * Rule: CONTINUE is right whenever this gives up: no call but truncate changes anything, and that
 * one is let run only where no rule holds, or fails. Arguments that the kernel refuses whatever the
 * path is are left to the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../tracee/stopped_call.h"
#include "handlers.h"
#include "path_answer.h"

static int64_t length_of(const struct stopped_call *call, const struct known_call *known) {
    const uint64_t *arguments = call->arguments;
    if (known->layout == LAYOUT_COMPAT64)
        return (int64_t)((arguments[1] & UINT32_MAX) | arguments[2] << 32);
    if (known->layout == LAYOUT_COMPAT)
        return (int32_t)(uint32_t)arguments[1];
    return (int64_t)arguments[1];
}

/* What is asked besides the path. False: the kernel refuses it, or knows what we do not. */
static bool read_question(const struct stopped_call *call, const struct known_call *known,
                          struct path_question *question) {
    const int of_stat = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
    const int place = known_call_path(known);
    const uint64_t *next = &call->arguments[place + 1];
    int understood = 0;
    if (place == 1)
        question->request.directory = (int)call->arguments[0];
    switch (known->task) {
    case TASK_LSTAT:
    case TASK_STAT:
        question->flags = known->task == TASK_LSTAT ? AT_SYMLINK_NOFOLLOW : 0;
        question->buffer = next[0];
        understood = of_stat;
        break;
    case TASK_FSTATAT:
        question->buffer = next[0];
        question->flags = (int)next[1];
        understood = of_stat;
        break;
    case TASK_STATX:
        question->flags = (int)next[0];
        question->mask = (uint32_t)next[1];
        question->buffer = next[2];
        understood = of_stat | K_AT_STATX_SYNC_TYPE;
        break;
    case TASK_FACCESSAT2:
        question->flags = (int)next[1];
        understood = AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH;
        question->mode = (int)next[0];
        break;
    case TASK_ACCESS:
    case TASK_FACCESSAT:
        question->mode = (int)next[0];
        break;
    case TASK_READLINK:
    case TASK_READLINKAT:
        question->request.no_follow = true;
        question->buffer = next[0];
        question->size = (int)next[1];
        return question->size > 0;
    case TASK_TRUNCATE:
        question->size = length_of(call, known);
        return question->size >= 0;
    case TASK_GETXATTR:
    case TASK_LISTXATTR:
        return true;
    case TASK_LGETXATTR:
    case TASK_LLISTXATTR:
        question->request.no_follow = true;
        return true;
    default:
        return false;
    }
    question->request.no_follow = (question->flags & AT_SYMLINK_NOFOLLOW) != 0;
    return (question->flags & ~understood) == 0 && (question->mode & ~(R_OK | W_OK | X_OK)) == 0;
}

static int64_t answer(struct stopped_call *call, const struct known_call *known,
                      const struct path_question *question, const struct stand_in *stand_in,
                      enum fallback *why) {
    switch (known->task) {
    case TASK_STAT:
    case TASK_LSTAT:
    case TASK_FSTATAT:
        return answer_stat(call, known, question, stand_in, why);
    case TASK_STATX:
        return answer_statx(call, question, stand_in, why);
    case TASK_ACCESS:
    case TASK_FACCESSAT:
    case TASK_FACCESSAT2:
        return answer_access(call, question, stand_in, why);
    case TASK_READLINK:
    case TASK_READLINKAT:
        return answer_readlink(call, question, stand_in, why);
    case TASK_TRUNCATE:
        return answer_truncate(call, question, stand_in, why);
    case TASK_GETXATTR:
    case TASK_LGETXATTR:
        return -ENODATA; /* what stands in for a file has no attributes, xattr(7) */
    case TASK_LISTXATTR:
    case TASK_LLISTXATTR:
        return 0;
    default:
        return -EAGAIN;
    }
}

static struct verdict serve_found(struct stopped_call *call, const struct known_call *known,
                                  const uint8_t *policy, const struct path_question *question,
                                  const struct found_file *found) {
    struct stand_in stand_in;
    enum fallback why = FALLBACK_CONTENT;
    if ((known->task != TASK_TRUNCATE && stand_in_is_real(found)) ||
        !kernel_takes(call, known, question))
        return let_run(FALLBACK_NONE);
    int64_t value = stand_in_open(call, policy, found, &stand_in);
    if (value == 0) {
        value = answer(call, known, question, &stand_in, &why);
        stand_in_close(&stand_in);
    }
    if (value == -EAGAIN && known->task == TASK_TRUNCATE)
        return fail_closed(found->number, why);
    if (value == -EAGAIN)
        return let_run(why);
    return answer_with(found->number, value);
}

struct verdict serve_path(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy) {
    struct path_question question;
    struct found_file found;
    struct lookup lookup;
    ssize_t length = tracee_read_path(call, call->arguments[known_call_path(known)], question.path);
    if (length < 0)
        return let_run(unread_path_fallback(length));
    if (!file_rule_is_worthwhile(policy, question.path))
        return let_run(FALLBACK_NONE);
    question.request = (struct lookup_request){.path = question.path, .directory = AT_FDCWD};
    question.flags = question.mode = 0;
    question.mask = 0;
    if (!read_question(call, known, &question))
        return let_run(FALLBACK_NONE);
    struct verdict verdict = file_rule_find(call, policy, &question.request, false, &lookup, &found)
                                 ? serve_found(call, known, policy, &question, &found)
                                 : let_run(lookup.fallback);
    lookup_close(&lookup);
    return verdict;
}
