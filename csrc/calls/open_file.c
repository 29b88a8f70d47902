/* open_file.c - opens of files that a files rule names.
 * Rule: open for reading, closed for writing. CONTINUE only where the program then reads the real
 * file, which is counted, or the kernel refuses the flags; what would write, truncate or create and
 * cannot be answered fails. The errors of the stand-in are the program's, ours are not. */
#include "open_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/results.h"
#include "../content/same_file.h"
#include "../content/snapshot.h"
#include "../content/store.h"
#include "../tracee/access.h"
#include "../tracee/descriptor.h"
#include "../tracee/rights.h"
#include "from_source.h"
#include "injected.h"
#include "stand_in.h"

bool open_writes(const struct open_arguments *arguments) {
    return (arguments->flags & O_ACCMODE) != O_RDONLY || (arguments->flags & O_TRUNC);
}

/* -errno of an open of a regular file with these flags, or 0. */
int open_fails(const struct open_arguments *arguments, const struct found_file *found) {
    if (found->wants_directory)
        return arguments->flags & O_CREAT ? -EISDIR : -ENOTDIR;
    if ((arguments->flags & O_CREAT) && (arguments->flags & O_EXCL))
        return -EEXIST;
    return arguments->flags & O_DIRECTORY ? -ENOTDIR : 0;
}

struct verdict deliver_file(const struct found_file *found, int fd, enum delivery_kind kind) {
    enum fallback why;
    if (access_failed(fd, &why))
        return let_run(why);
    if (fd < 0)
        return answer_with(found->number, fd);
    /* Of a name that is cut off fstatfs(2) knows too little. */
    if (found->rule->filesystem != 0 && strlen(found->path) > SNAPSHOT_NAME_MAX)
        injected_note(fd, found->rule->filesystem);
    return (struct verdict){
        .decision = DECISION_DELIVER,
        .fd = fd,
        .in_memory = found->rule->kind != SPOOF_FILE_REDIRECT,
        .delivery = kind,
        .filesystem = found->filesystem,
        .rule = found->number,
    };
}

/* A file for one program, of its own if it writes to it; opened with its rights. */
static int open_private(struct stopped_call *call, const struct open_arguments *arguments,
                        const char *name, const char *text, size_t length,
                        const struct snapshot_kind *kind) {
    const size_t counted = length >= RESULTS_FROM ? length : 0;
    if (counted > 0 && !results_claim(counted))
        return ACCESS_BUSY;
    rights_must_own_user(call->server);
    int file = same_file(name, text, length, kind);
    rights_must_usual(call->server);
    if (file < 0) {
        results_give_back(counted);
        return ACCESS_BUSY;
    }
    int fd = access_open_own(call, file, arguments->flags & OPENED_FLAGS);
    if (counted > 0)
        results_keep(file, counted, 0);
    close(file);
    return fd;
}

static struct verdict open_discarding(struct stopped_call *call, const uint8_t *policy,
                                      const struct open_arguments *arguments,
                                      const struct found_file *found) {
    const struct snapshot_kind kind = {.mode = found->rule->mode, .writable = true};
    size_t length = 0;
    char *content = store_content(policy, found->number, &length);
    if (!content)
        return let_run(FALLBACK_CONTENT);
    int fd = open_private(call, arguments, found->path, content, length, &kind);
    free(content);
    return deliver_file(found, fd, DELIVER_WRITABLE);
}

/* Made of its source, as that is now. */
static struct verdict open_from_source(struct stopped_call *call, const uint8_t *policy,
                                       const struct open_arguments *arguments,
                                       const struct found_file *found) {
    const bool writes = open_writes(arguments);
    const struct snapshot_kind kind = {.mode = found->rule->mode, .writable = writes};
    struct output content;
    enum fallback why;
    int error = from_source(call, policy, found, &content);
    if (access_failed(error, &why))
        return let_run(why);
    if (error != 0)
        return error == -EAGAIN ? let_run(FALLBACK_CONTENT) : answer_with(found->number, error);
    int fd = open_private(call, arguments, found->path, content.text, content.length, &kind);
    free(content.text);
    return deliver_file(found, fd, writes ? DELIVER_WRITABLE : DELIVER_SEALED);
}

static struct verdict open_content(struct stopped_call *call, const uint8_t *policy,
                                   const struct open_arguments *arguments,
                                   const struct found_file *found) {
    int error = open_fails(arguments, found);
    if (error != 0)
        return answer_with(found->number, error);
    if (arguments->flags & ~CARRIED_FLAGS & ~OPENED_FLAGS)
        return let_run(FALLBACK_FLAGS);
    enum delivery_kind kind = DELIVER_SEALED;
    if (open_writes(arguments)) {
        if (found->rule->writes == SPOOF_WRITES_REFUSE)
            return answer_with(found->number, -EACCES);
        if (found->rule->writes == SPOOF_WRITES_DISCARD)
            return found_in_memory(found) ? open_discarding(call, policy, arguments, found)
                                          : open_from_source(call, policy, arguments, found);
        kind = DELIVER_KEPT;
    }
    if (!found_in_memory(found))
        return open_from_source(call, policy, arguments, found);
    bool lent;
    int file = stand_in_fd(call, policy, found, &lent);
    if (file < 0)
        return let_run(FALLBACK_CONTENT);
    int fd = access_open_own(call, file, arguments->flags & OPENED_FLAGS);
    /* Programs write to it without us; but who opens it anew may not make it larger still. */
    const bool may_be_full = kind == DELIVER_KEPT && fd >= 0 && !(arguments->flags & O_TRUNC);
    const int64_t data = may_be_full ? snapshot_data(file) : 0;
    if (!lent)
        close(file);
    if (data >= 0 && data <= (int64_t)found->rule->max_size)
        return deliver_file(found, fd, kind);
    close(fd);
    return data < 0 ? let_run(FALLBACK_CONTENT) : answer_with(found->number, -ENOSPC);
}

#define WAITS (-6000) /* no errno either */

/* Opens a redirect's target, which is there. -errno as the kernel would say it, what access_open()
 * says, or WAITS: a FIFO waits for its other end, and nobody could be freed from that but the
 * program itself. */
static int open_target(struct stopped_call *call, const struct open_arguments *arguments,
                       int target) {
    const int flags = arguments->flags;
    struct stat info;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (fstat(target, &info) != 0 || S_ISFIFO(info.st_mode))
        return WAITS;
    if ((flags & O_CREAT) && S_ISDIR(info.st_mode))
        return -EISDIR;
    return access_open(call, target, (flags & ~(O_CREAT | O_CLOEXEC | O_NOFOLLOW)) | O_NOCTTY);
}

static struct verdict open_redirected(struct stopped_call *call,
                                      const struct open_arguments *arguments,
                                      const struct found_file *found) {
    const uint64_t bounds = K_RESOLVE_BENEATH | K_RESOLVE_IN_ROOT | K_RESOLVE_NO_XDEV;
    const int refused = O_PATH | O_TMPFILE;
    const bool creates = (arguments->flags & O_CREAT) != 0;
    if (arguments->request.resolve & bounds)
        return let_run(FALLBACK_FLAGS); /* the target lies elsewhere */
    if (call->mechanism->replaces_paths) {
        char *path = strdup(found->target);
        if (!path)
            return let_run(FALLBACK_CONTENT);
        return (struct verdict){
            .decision = DECISION_REPLACE_PATH, .path = path, .rule = found->number};
    }
    if ((arguments->flags & refused & ~O_DIRECTORY) != 0)
        return let_run(FALLBACK_FLAGS);
    if (creates && found->wants_directory)
        return answer_with(found->number, -EISDIR);
    int target = stand_in_target(call, found, arguments->flags);
    if (target == -EAGAIN || (target == -ENOENT && creates))
        return let_run(FALLBACK_LINK);
    if (target < 0)
        return answer_with(found->number, target);
    int fd = open_target(call, arguments, target);
    close(target);
    return fd == WAITS ? let_run(FALLBACK_FLAGS) : deliver_file(found, fd, DELIVER_SEALED);
}

static struct verdict open_kind(struct stopped_call *call, const uint8_t *policy,
                                const struct open_arguments *arguments,
                                const struct found_file *found) {
    if (found->is_parent)
        return let_run(FALLBACK_FLAGS); /* nothing can be listed in it */
    switch ((enum spoof_file_kind)found->rule->kind) {
    case SPOOF_FILE_CONTENT:
    case SPOOF_FILE_GENERATED:
        return open_content(call, policy, arguments, found);
    case SPOOF_FILE_REWRITE:
        return open_rewritten(call, policy, arguments, found);
    case SPOOF_FILE_REDIRECT:
        return open_redirected(call, arguments, found);
    }
    return let_run(FALLBACK_NONE);
}

struct verdict open_file(struct stopped_call *call, const uint8_t *policy,
                         const struct open_arguments *arguments, const struct found_file *found) {
    /* Nothing is emptied for who cannot have it open. */
    if ((arguments->flags & O_TRUNC) && !descriptor_may_be_added(call))
        return answer_with(found->number, -EMFILE);
    struct verdict verdict = open_kind(call, policy, arguments, found);
    const bool closed = open_may_change(arguments->flags);
    if (closed && verdict.decision == DECISION_LET_RUN && verdict.reason != FALLBACK_NONE)
        return fail_closed(found->number, verdict.reason);
    verdict.closed = closed;
    return verdict;
}
