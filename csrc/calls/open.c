/* open.c - what open(2), creat(2), openat(2) and openat2(2) find.
 * Rule: CONTINUE is right whenever this gives up: nothing was opened in the program, which then
 * gets the real file or the kernel's own error. Only what a rule really changes is ever injected.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../policy/match.h"
#include "../tracee/stopped_call.h"
#include "handlers.h"
#include "open_parts.h"

/* struct open_how. False: the kernel is to judge it. */
static bool read_how(struct stopped_call *call, struct open_arguments *arguments) {
    const uint64_t known = K_RESOLVE_NO_XDEV | K_RESOLVE_NO_MAGICLINKS | K_RESOLVE_NO_SYMLINKS |
                           K_RESOLVE_BENEATH | K_RESOLVE_IN_ROOT | K_RESOLVE_CACHED;
    struct k_open_how how;
    if (call->arguments[3] != sizeof how ||
        call->mechanism->read(call, call->arguments[2], &how, sizeof how) != sizeof how ||
        how.flags > INT32_MAX || (how.resolve & ~known))
        return false;
    arguments->flags = (int)how.flags;
    arguments->request.resolve = how.resolve & ~(uint64_t)K_RESOLVE_CACHED;
    return (how.mode & ~(uint64_t)07777) == 0 && (how.mode == 0 || (how.flags & O_CREAT));
}

/* False: the kernel is to judge the call. */
static bool read_arguments(struct stopped_call *call, const struct known_call *known,
                           struct open_arguments *arguments) {
    arguments->request = (struct lookup_request){.path = arguments->path, .directory = AT_FDCWD};
    if (known_call_path(known) == 1)
        arguments->request.directory = (int)call->arguments[0];
    if (known->task == TASK_OPENAT2) {
        if (!read_how(call, arguments))
            return false;
    } else if (known->task == TASK_CREAT) {
        arguments->flags = O_CREAT | O_WRONLY | O_TRUNC;
    } else {
        arguments->flags = (int)call->arguments[known_call_path(known) + 1];
    }
    /* Both never follow a link at the end. */
    bool creates_new = (arguments->flags & O_CREAT) && (arguments->flags & O_EXCL);
    arguments->request.no_follow = creates_new || (arguments->flags & O_NOFOLLOW);
    return true;
}

/* Where the kernel has no openat2(2) programs have to find that out, too. */
static bool kernel_has(enum call_task task) {
    static _Atomic int openat2_missing; /* 0: not known, 1: it is there, 2: it is not */
    if (task != TASK_OPENAT2)
        return true;
    if (openat2_missing == 0) {
        long result = syscall(K_NR_OPENAT2, AT_FDCWD, "/", NULL, 0UL);
        openat2_missing = result < 0 && errno == ENOSYS ? 2 : 1;
    }
    return openat2_missing == 1;
}

/* What is delivered has the status flags that were asked for, whoever made it. */
static void set_status(const struct verdict *verdict, int flags) {
    const int status = O_NONBLOCK | O_APPEND;
    if (flags & status)
        fcntl(verdict->fd, F_SETFL, flags & status);
}

/* Neither is ever a table: EEXIST, ENOTDIR. */
static bool may_be_table(const struct open_arguments *arguments) {
    bool creates_new = (arguments->flags & O_CREAT) && (arguments->flags & O_EXCL);
    return !creates_new && !(arguments->flags & O_DIRECTORY);
}

static struct verdict serve_path_open(struct stopped_call *call, const uint8_t *policy,
                                      const struct open_arguments *arguments, uint32_t about) {
    const bool table = (about & MATCH_OPEN_MOUNT_TABLE) && may_be_table(arguments);
    const bool tells_filesystem = call->mechanism->replaces_paths;
    struct lookup lookup = no_lookup(FALLBACK_NONE);
    struct found_file found;
    struct verdict verdict;
    bool holds = false;
    if (about & (MATCH_OPEN_FILE | MATCH_OPEN_TREE))
        holds =
            file_rule_find(call, policy, &arguments->request, tells_filesystem, &lookup, &found);
    else if (table)
        lookup = lookup_path(call, &arguments->request);
    if (holds)
        verdict = open_file(call, policy, arguments, &found);
    else if (table && lookup.fd >= 0)
        verdict = open_table(call, policy, arguments, &lookup);
    else
        verdict = let_run(lookup.fallback);
    lookup_close(&lookup);
    return verdict;
}

struct verdict serve_open(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy) {
    struct open_arguments arguments;
    ssize_t length =
        tracee_read_path(call, call->arguments[known_call_path(known)], arguments.path);
    if (length < 0)
        return let_run(unread_path_fallback(length));
    uint32_t about = match_open(policy, arguments.path);
    if (about == 0 || !kernel_has(known->task) || !read_arguments(call, known, &arguments))
        return let_run(FALLBACK_NONE);
    struct verdict verdict = serve_path_open(call, policy, &arguments, about);
    if (verdict.decision == DECISION_DELIVER) {
        set_status(&verdict, arguments.flags);
        verdict.fd_flags = (uint32_t)arguments.flags & O_CLOEXEC;
        if (!call->mechanism->still_stopped(call)) {
            close(verdict.fd);
            return let_run(FALLBACK_NONE);
        }
    }
    return verdict;
}
