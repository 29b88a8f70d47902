/* open.c - what open(2), creat(2), openat(2) and openat2(2) find.
 * Rule: CONTINUE is right whenever this gives up: nothing was opened in the program, which then
 * gets the real file or the kernel's own error. Only what a rule really changes is ever injected.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "../process/again.h"
#include "../tracee/stopped_call.h"
#include "handlers.h"
#include "open_parts.h"

/* The kernel judges the structure before it reads the path, which is none. */
static bool kernel_takes(const void *how, uint64_t size, enum fallback *why) {
    bool takes = false;
    for (int tries = 0; tries < TRIES_AT_ONCE && (tries == 0 || error_is_ours(errno)); tries++)
        takes = syscall(K_NR_OPENAT2, AT_FDCWD, NULL, how, size) < 0 && errno == EFAULT;
    if (!takes && error_is_ours(errno))
        *why = FALLBACK_BUSY;
    return takes;
}

/* struct open_how, which newer programs make longer: the rest is zero, or a newer kernel knows it.
 * False: the kernel refuses it, or *why says why it could not be read. */
static bool read_how(struct stopped_call *call, struct open_arguments *arguments,
                     enum fallback *why) {
    const uint64_t known = K_RESOLVE_NO_XDEV | K_RESOLVE_NO_MAGICLINKS | K_RESOLVE_NO_SYMLINKS |
                           K_RESOLVE_BENEATH | K_RESOLVE_IN_ROOT | K_RESOLVE_CACHED;
    const uint64_t size = call->arguments[3];
    union {
        struct k_open_how how;
        uint8_t bytes[4096];
    } given = {.bytes = {0}};
    const bool whole = size <= sizeof given;
    const size_t length = whole ? size : sizeof given;
    ssize_t got = tracee_read(call, call->arguments[2], &given, length);
    if (got < 0)
        *why = unread_fallback(got);
    if (got != (ssize_t)length || !kernel_takes(whole ? &given : NULL, size, why))
        return false;
    bool understood = whole && given.how.flags <= INT32_MAX && !(given.how.resolve & ~known);
    for (size_t at = sizeof given.how; at < length; at++)
        understood = understood && given.bytes[at] == 0;
    arguments->flags = (int)given.how.flags;
    arguments->request.resolve = given.how.resolve & known & ~(uint64_t)K_RESOLVE_CACHED;
    if (!understood)
        arguments->untold = FALLBACK_FLAGS;
    return true;
}

/* False: as read_how(). */
static bool read_arguments(struct stopped_call *call, const struct known_call *known,
                           struct open_arguments *arguments, enum fallback *why) {
    arguments->request = (struct lookup_request){.path = arguments->path, .directory = AT_FDCWD};
    arguments->untold = known->number & CALL_OF_X32 ? FALLBACK_X32 : FALLBACK_NONE;
    if (known_call_path(known) == 1)
        arguments->request.directory = (int)call->arguments[0];
    if (known->task == TASK_OPENAT2) {
        if (!read_how(call, arguments, why))
            return false;
    } else if (known->task == TASK_CREAT) {
        arguments->flags = O_CREAT | O_WRONLY | O_TRUNC;
    } else {
        arguments->flags = (int)call->arguments[known_call_path(known) + 1];
    }
    /* As the kernel does: such an open changes nothing. */
    if (arguments->flags & O_PATH)
        arguments->flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    /* Both never follow a link at the end. */
    bool creates_new = (arguments->flags & O_CREAT) && (arguments->flags & O_EXCL);
    arguments->request.no_follow = creates_new || (arguments->flags & O_NOFOLLOW);
    arguments->request.writes = open_may_change(arguments->flags);
    return true;
}

/* A file in memory gets the status flags that were asked for; others were opened with them. */
static void set_status(const struct verdict *verdict, int flags) {
    const int status = O_NONBLOCK | O_APPEND;
    if (verdict->in_memory && (flags & status))
        fcntl(verdict->fd, F_SETFL, flags & status);
}

static bool may_be_table(int flags) {
    bool creates_new = (flags & O_CREAT) && (flags & O_EXCL); /* EEXIST */
    return !creates_new && !(flags & OPEN_NEVER_A_TABLE);
}

/* As the filter says it, for programs whose every call is stopped. */
static bool is_never_answered(const struct stopped_call *call, const struct known_call *known,
                              const uint8_t *policy) {
    if ((blob_header(policy)->calls & SPOOF_CALLS_PATHS) || known->task == TASK_OPENAT2)
        return false;
    return known->task == TASK_CREAT ||
           !may_be_table((int)call->arguments[known_call_path(known) + 1]);
}

/* A rule holds. */
static struct verdict serve_found(struct stopped_call *call, const uint8_t *policy,
                                  const struct open_arguments *arguments,
                                  const struct found_file *found) {
    if (arguments->untold == FALLBACK_NONE)
        return open_file(call, policy, arguments, found);
    return open_may_change(arguments->flags) ? fail_closed(found->number, arguments->untold)
                                             : let_run(arguments->untold);
}

static struct verdict serve_path_open(struct stopped_call *call, const uint8_t *policy,
                                      const struct open_arguments *arguments, uint32_t about) {
    const bool table = (about & MATCH_OPEN_MOUNT_TABLE) && arguments->untold == FALLBACK_NONE &&
                       may_be_table(arguments->flags);
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
    if (holds) {
        verdict = serve_found(call, policy, arguments, &found);
        found_close(&found);
    } else if (open_may_change(arguments->flags) &&
               file_rule_may_hold(policy, arguments->path, &lookup))
        verdict = fail_closed(NO_RULE, lookup.fallback);
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
    enum fallback why = FALLBACK_NONE;
    if (is_never_answered(call, known, policy))
        return let_run(FALLBACK_NONE);
    ssize_t length =
        tracee_read_path(call, call->arguments[known_call_path(known)], arguments.path);
    if (length < 0)
        return call_unread(call, policy, unread_fallback(length));
    uint32_t about = match_open(policy, arguments.path);
    if (about == 0)
        return let_run(FALLBACK_NONE);
    if (!read_arguments(call, known, &arguments, &why))
        return call_unread(call, policy, why);
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
