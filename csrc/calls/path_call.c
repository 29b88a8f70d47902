/* path_call.c - stat, access, readlink, truncate and their like, where a files rule names the path.
 * Rule: CONTINUE is right whenever this gives up: no call but truncate changes anything, and that
 * one is let run only where no rule holds, or fails. Arguments that the kernel refuses whatever the
 * path is are left to the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../policy/match.h"
#include "../tracee/identity.h"
#include "../tracee/stopped_call.h"
#include "handlers.h"
#include "open_parts.h"
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
        question->request.writes = true;
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

/* False: the kernel refuses the name. */
static bool attribute_is_named(struct stopped_call *call) {
    const ssize_t longest = 255; /* XATTR_NAME_MAX */
    char name[TRACEE_PATH_MAX];
    const ssize_t length = tracee_read_path(call, call->arguments[1], name);
    return length > 0 && length <= longest;
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
        /* What stands in for a file has no attributes, xattr(7). */
        return attribute_is_named(call) ? -ENODATA : -EAGAIN;
    case TASK_LISTXATTR:
    case TASK_LLISTXATTR:
        return 0;
    default:
        return -EAGAIN;
    }
}

/* ---- of what is made when it is read ---- */

static bool asks_for_stat(const struct known_call *known) {
    return known->task == TASK_STAT || known->task == TASK_LSTAT || known->task == TASK_FSTATAT ||
           known->task == TASK_STATX;
}

/* The file that an open of the same path would deliver: what fstat(2) of that says stat(2) of the
 * path says. Where nothing would be delivered the real file says all. */
static struct verdict stat_as_opened(struct stopped_call *call, const struct known_call *known,
                                     const struct path_question *question,
                                     const struct found_file *found, struct verdict opened) {
    struct stand_in stand_in = {.found = found, .fd = opened.fd};
    enum fallback why = FALLBACK_CONTENT;
    if (opened.decision != DECISION_DELIVER)
        return let_run(opened.decision == DECISION_LET_RUN ? opened.reason : FALLBACK_NONE);
    int64_t value = fstat(opened.fd, &stand_in.info) == 0
                        ? answer(call, known, question, &stand_in, &why)
                        : -EAGAIN;
    close(opened.fd);
    return value == -EAGAIN ? let_run(why) : answer_with(opened.rule, value);
}

static void ask_to_open(const struct path_question *question, struct open_arguments *arguments) {
    arguments->request = question->request;
    arguments->flags = O_RDONLY;
    arguments->untold = FALLBACK_NONE;
    memcpy(arguments->path, question->path, strlen(question->path) + 1);
}

static struct verdict stat_rewritten(struct stopped_call *call, const struct known_call *known,
                                     const uint8_t *policy, const struct path_question *question,
                                     const struct found_file *found) {
    struct open_arguments arguments;
    ask_to_open(question, &arguments);
    return stat_as_opened(call, known, question, found, open_file(call, policy, &arguments, found));
}

static struct verdict stat_table(struct stopped_call *call, const struct known_call *known,
                                 const uint8_t *policy, const struct path_question *question,
                                 const struct lookup *lookup) {
    static const struct found_file no_file;
    struct open_arguments arguments;
    ask_to_open(question, &arguments);
    return stat_as_opened(call, known, question, &no_file,
                          open_table(call, policy, &arguments, lookup));
}

/* ---- of what a rule names ---- */

static struct verdict serve_found(struct stopped_call *call, const struct known_call *known,
                                  const uint8_t *policy, const struct path_question *question,
                                  const struct found_file *found) {
    struct stand_in stand_in;
    enum fallback why = FALLBACK_CONTENT;
    const bool rewrites = found->rule->kind == SPOOF_FILE_REWRITE && asks_for_stat(known) &&
                          S_ISREG(found->info.st_mode);
    if ((known->task != TASK_TRUNCATE && !rewrites && stand_in_is_real(found)) ||
        !kernel_takes(call, known, question))
        return let_run(FALLBACK_NONE);
    if (rewrites)
        return stat_rewritten(call, known, policy, question, found);
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

/* access(2) looks the whole path up by the real ids. */
static bool asks_for_real(const struct known_call *known, const struct path_question *question) {
    return known->task == TASK_ACCESS || known->task == TASK_FACCESSAT ||
           (known->task == TASK_FACCESSAT2 && !(question->flags & AT_EACCESS));
}

struct verdict serve_path(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy) {
    struct path_question question;
    struct found_file found;
    struct lookup lookup;
    ssize_t length = tracee_read_path(call, call->arguments[known_call_path(known)], question.path);
    if (length < 0)
        return call_unread(call, policy, unread_fallback(length));
    const uint32_t about = match_open(policy, question.path);
    const bool table = (about & MATCH_OPEN_MOUNT_TABLE) && asks_for_stat(known);
    if (!table && !(about & (MATCH_OPEN_FILE | MATCH_OPEN_TREE)))
        return let_run(FALLBACK_NONE);
    question.request = (struct lookup_request){.path = question.path, .directory = AT_FDCWD};
    question.flags = question.mode = 0;
    question.mask = 0;
    if (!read_question(call, known, &question))
        return let_run(FALLBACK_NONE);
    if (asks_for_real(known, &question) && !identity_use_real(call))
        return let_run(FALLBACK_CREDENTIALS);
    struct verdict verdict;
    if (file_rule_find(call, policy, &question.request, false, &lookup, &found)) {
        verdict = known->number & CALL_OF_X32 ? fail_closed(found.number, FALLBACK_X32)
                                              : serve_found(call, known, policy, &question, &found);
        found_close(&found);
    } else if (table && lookup.fd >= 0 && kernel_takes(call, known, &question))
        verdict = stat_table(call, known, policy, &question, &lookup);
    else
        verdict = let_run(lookup.fallback);
    if (known->task == TASK_TRUNCATE && verdict.decision == DECISION_LET_RUN &&
        file_rule_may_hold(policy, question.path, &lookup))
        verdict = fail_closed(NO_RULE, lookup.fallback);
    lookup_close(&lookup);
    return verdict;
}
