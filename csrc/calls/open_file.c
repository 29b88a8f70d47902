/* open_file.c - opens of files that a files rule names.
 * Rule: open for reading, closed for writing. CONTINUE only where the program then reads the real
 * file, which is counted, or the kernel refuses the flags; what would write, truncate or create and
 * cannot be answered fails. The errors of the stand-in are the program's, ours are not. */
#include "open_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/read_all.h"
#include "../content/rewrite.h"
#include "../content/snapshot.h"
#include "../content/store.h"
#include "../tracee/access.h"
#include "../tracee/rights.h"
#include "stand_in.h"

static bool writes(const struct open_arguments *arguments) {
    return (arguments->flags & O_ACCMODE) != O_RDONLY || (arguments->flags & O_TRUNC);
}

/* -errno of an open of a regular file with these flags, or 0. */
static int fails(const struct open_arguments *arguments, const struct found_file *found) {
    if (found->wants_directory)
        return arguments->flags & O_CREAT ? -EISDIR : -ENOTDIR;
    if ((arguments->flags & O_CREAT) && (arguments->flags & O_EXCL))
        return -EEXIST;
    return arguments->flags & O_DIRECTORY ? -ENOTDIR : 0;
}

static struct verdict deliver(const struct found_file *found, int fd, enum delivery_kind kind) {
    enum fallback why;
    if (access_failed(fd, &why))
        return let_run(why);
    if (fd < 0)
        return answer_with(found->number, fd);
    return (struct verdict){
        .decision = DECISION_DELIVER,
        .fd = fd,
        .delivery = kind,
        .filesystem = found->filesystem,
        .rule = found->number,
    };
}

/* A file of its own for one program, opened with its rights. */
static int open_private(struct stopped_call *call, const struct open_arguments *arguments,
                        const char *name, const char *text, size_t length,
                        const struct snapshot_kind *kind) {
    rights_must_own_user(call->server);
    int file = snapshot_make(name, text, length, kind);
    rights_must_usual(call->server);
    if (file < 0)
        return ACCESS_BUSY;
    int fd = access_open_at_once(call, file, arguments->flags & (O_ACCMODE | O_TRUNC));
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
    return deliver(found, fd, DELIVER_WRITABLE);
}

static struct verdict open_content(struct stopped_call *call, const uint8_t *policy,
                                   const struct open_arguments *arguments,
                                   const struct found_file *found) {
    int error = fails(arguments, found);
    if (error != 0)
        return answer_with(found->number, error);
    if (arguments->flags & ~(CARRIED_FLAGS | O_TRUNC))
        return let_run(FALLBACK_FLAGS);
    enum delivery_kind kind = DELIVER_SEALED;
    if (writes(arguments)) {
        if (found->rule->writes == SPOOF_WRITES_REFUSE)
            return answer_with(found->number, -EACCES);
        if (found->rule->writes == SPOOF_WRITES_DISCARD)
            return open_discarding(call, policy, arguments, found);
        kind = DELIVER_KEPT;
    }
    bool lent;
    int file = stand_in_fd(call, policy, found, &lent);
    if (file < 0)
        return let_run(FALLBACK_CONTENT);
    int fd = access_open_at_once(call, file, arguments->flags & (O_ACCMODE | O_TRUNC));
    if (!lent)
        close(file);
    return deliver(found, fd, kind);
}

/* The real file's bytes, changed; `text` is freed. */
static struct verdict deliver_rewritten(struct stopped_call *call, const uint8_t *policy,
                                        const struct open_arguments *arguments,
                                        const struct found_file *found, char *text, size_t length) {
    struct table_change change = {0};
    bool discards = writes(arguments);
    const struct snapshot_kind kind = {
        .mode = found->info.st_mode & 07777,
        .uid = found->info.st_uid,
        .gid = found->info.st_gid,
        .writable = discards,
    };
    int error = rewrite_text(policy, found->number, text, length, &change);
    struct verdict verdict = let_run(error == 0 ? FALLBACK_NONE : FALLBACK_CONTENT);
    if (error == 0 && (change.text || discards)) {
        const char *told = change.text ? change.text : text;
        int fd = open_private(call, arguments, arguments->path, told,
                              change.text ? change.length : length, &kind);
        verdict = deliver(found, fd, discards ? DELIVER_WRITABLE : DELIVER_SEALED);
        verdict.answer = change.lines;
    }
    free(change.text);
    free(text);
    return verdict;
}

static struct verdict open_rewritten(struct stopped_call *call, const uint8_t *policy,
                                     const struct open_arguments *arguments,
                                     const struct found_file *found) {
    size_t length = 0;
    if (fails(arguments, found) != 0 || !S_ISREG(found->info.st_mode))
        return let_run(FALLBACK_NONE); /* the kernel says the same of the real one */
    if (arguments->flags & ~(CARRIED_FLAGS | O_TRUNC))
        return let_run(FALLBACK_FLAGS);
    if (writes(arguments) && found->rule->writes == SPOOF_WRITES_REFUSE)
        return answer_with(found->number, -EACCES);
    int real = access_open(call, found->real, O_RDONLY);
    enum fallback why;
    if (access_failed(real, &why))
        return let_run(why);
    if (real < 0)
        return answer_with(found->number, real);
    char *text = read_all(real, &length);
    close(real);
    if (!text)
        return let_run(FALLBACK_CONTENT);
    return deliver_rewritten(call, policy, arguments, found, text, length);
}

/* An open of a FIFO waits for its other end: nobody could be freed from that but the program
 * itself. */
static bool may_wait(int fd) {
    struct stat info;
    return fstat(fd, &info) != 0 || S_ISFIFO(info.st_mode);
}

static struct verdict open_redirected(struct stopped_call *call, const uint8_t *policy,
                                      const struct open_arguments *arguments,
                                      const struct found_file *found) {
    const uint64_t bounds = K_RESOLVE_BENEATH | K_RESOLVE_IN_ROOT | K_RESOLVE_NO_XDEV;
    const int refused = O_PATH | O_TMPFILE;
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
    bool lent; /* never, of a redirect */
    int target = stand_in_fd(call, policy, found, &lent);
    bool creates = (arguments->flags & O_CREAT) != 0;
    if (target == -EAGAIN || (target == -ENOENT && creates))
        return let_run(FALLBACK_LINK);
    if (target < 0)
        return answer_with(found->number, target);
    if (may_wait(target)) {
        close(target);
        return let_run(FALLBACK_FLAGS);
    }
    int fd = -EEXIST;
    if (!creates || !(arguments->flags & O_EXCL))
        fd = access_open(call, target,
                         (arguments->flags & ~(O_CREAT | O_CLOEXEC | O_NOFOLLOW)) | O_NOCTTY);
    close(target);
    return deliver(found, fd, DELIVER_SEALED);
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
        return open_redirected(call, policy, arguments, found);
    }
    return let_run(FALLBACK_NONE);
}

struct verdict open_file(struct stopped_call *call, const uint8_t *policy,
                         const struct open_arguments *arguments, const struct found_file *found) {
    struct verdict verdict = open_kind(call, policy, arguments, found);
    const bool closed = writes(arguments) || (arguments->flags & O_CREAT);
    if (closed && verdict.decision == DECISION_LET_RUN && verdict.reason != FALLBACK_NONE)
        return fail_closed(found->number, verdict.reason);
    verdict.closed = closed;
    return verdict;
}
