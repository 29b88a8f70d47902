/* open_rewritten.c - opens of files that a files rule rewrites.
 * Rule: the program may have the result who may read the real file, which each open asks anew; one
 * result serves them all while that file is as it was. Over a bound of memory or steps nothing is
 * made: open for reading, closed for writing. */
#include "open_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/results.h"
#include "../content/rewritten.h"
#include "../content/same_file.h"
#include "../content/snapshot.h"
#include "../tracee/access.h"
#include "../tracee/identity.h"
#include "../tracee/namespaces.h"
#include "../tracee/procfs.h"
#include "../tracee/rights.h"

struct rewrite_open {
    struct stopped_call *call;
    const uint8_t *policy;
    const struct found_file *found;
    bool discards; /* what is written is the program's own, and so is the file */
};

static int finish(struct rewritten *made, const char *name, const struct snapshot_kind *kind) {
    const struct bytes bytes = made->bytes;
    int fd = made->small ? same_file(name, bytes.data, bytes.length, kind)
                         : snapshot_finish(made->fd, kind);
    free(bytes.data);
    made->bytes = (struct bytes){0};
    made->fd = -1;
    return fd;
}

/* Made of the real file, which is open: what becomes of it is in result->fd, an own file. */
static void make(const struct rewrite_open *open, int real, struct rewritten *made,
                 struct result *result) {
    const struct found_file *found = open->found;
    struct server *server = open->call->server;
    /* Where a filesystem is told only an own file can tell it. */
    const bool always = open->discards || found->rule->filesystem != 0;
    const struct snapshot_kind kind = {
        .mode = found->info.st_mode & 07777,
        .uid = found->info.st_uid,
        .gid = found->info.st_gid,
        .writable = open->discards,
    };
    *result = (struct result){.fd = -1};
    result->error = rewritten_make(open->policy, found->number, real, found->path, always, made);
    result->lines = made->lines;
    if (result->error != 0 || (made->fd < 0 && !made->small))
        return;
    rights_must_own_user(server);
    result->fd = finish(made, found->path, &kind);
    rights_must_usual(server);
    if (result->fd >= 0)
        return;
    result->error = -ENOMEM;
    rewritten_drop(made);
}

static void make_private(const struct rewrite_open *open, int real, struct result *result) {
    struct rewritten made;
    make(open, real, &made, result);
    if (result->fd < 0 || made.claimed == 0)
        return;
    /* A file of the kernel's often holds what it held before. */
    int like = open->discards ? -1 : results_like(result->fd, made.digest);
    if (like < 0) {
        results_keep(result->fd, made.claimed, open->discards ? 0 : made.digest);
        return;
    }
    close(result->fd);
    results_give_back(made.claimed);
    result->fd = like;
}

static void make_shared(const struct rewrite_open *open, int real, const struct source *source,
                        struct result *result) {
    struct rewritten made;
    struct source again;
    make(open, real, &made, result);
    /* What says another length than it has is not stored, but made when it is read. */
    bool same = source_read(real, &again) && made.read == source->size;
    again.rule = source->rule;
    again.uid = source->uid;
    again.gid = source->gid;
    results_end(source, same ? &again : NULL, result, made.claimed);
}

/* Of whoever has the same ids: a daemon that serves a filesystem may tell each user something else.
 */
static bool source_of(const struct rewrite_open *open, int real, struct source *source) {
    int error;
    const struct credentials *credentials = identity_credentials(open->call, &error);
    if (!credentials || !source_read(real, source))
        return false;
    source->rule = open->found->number;
    source->uid = credentials->fsuid;
    source->gid = credentials->fsgid;
    return true;
}

static void find_result(const struct rewrite_open *open, int real, struct result *result) {
    struct source source;
    int known = -ENOMEM;
    if (!open->discards && source_of(open, real, &source))
        known = results_begin(&source, result);
    if (known == 0)
        make_shared(open, real, &source, result);
    else if (known < 0)
        make_private(open, real, result);
}

static bool is_on_procfs(const struct rewrite_open *open) {
    struct k_statfs info = {0};
    int error = syscall(SYS_fstatfs, open->found->real, &info) == 0 ? 0 : errno;
    return procfs_holds(open->call->server->context, open->found->real, info.f_type, error);
}

/* With the tracee's rights, and of procfs in its namespaces, by which the kernel shows it. 0, or
 * what access_open() says. */
static int make_result(const struct rewrite_open *open, struct result *result) {
    struct stopped_call *call = open->call;
    struct namespaces_left left;
    bool procfs = is_on_procfs(open);
    int real = ACCESS_NO_RIGHTS;
    if (!procfs || namespaces_enter(call, true, &left))
        real = access_open(call, open->found->real, O_RDONLY);
    if (real >= 0) {
        find_result(open, real, result);
        close(real);
    }
    if (procfs)
        namespaces_leave(call->server, &left);
    return real < 0 ? real : 0;
}

/* Who was let in by an access control list is kept out by the mode alone, which is all that the
 * result has of the real file. That one was opened with the tracee's rights for reading. */
static int open_result(const struct rewrite_open *open, const struct open_arguments *arguments,
                       int result) {
    struct server *server = open->call->server;
    const int flags = arguments->flags & OPENED_FLAGS;
    int fd = access_open_own(open->call, result, flags);
    if (fd != -EACCES ||
        (open->discards && access_check(open->call, open->found->real, NULL, W_OK) != 0))
        return fd;
    rights_must_own_user(server);
    fd = open_again(result, flags);
    rights_must_usual(server);
    return fd < 0 ? ACCESS_BUSY : fd;
}

static enum fallback reason_of(int error) {
    return error == -ETIME || error == -EFBIG || error == -ENOMEM ? FALLBACK_BOUND
                                                                  : FALLBACK_CONTENT;
}

struct verdict open_rewritten(struct stopped_call *call, const uint8_t *policy,
                              const struct open_arguments *arguments,
                              const struct found_file *found) {
    const struct rewrite_open open = {call, policy, found, open_writes(arguments)};
    struct result result;
    enum fallback why;
    if (open_fails(arguments, found) != 0 || !S_ISREG(found->info.st_mode))
        return let_run(FALLBACK_NONE); /* the kernel says the same of the real one */
    if (arguments->flags & ~CARRIED_FLAGS & ~OPENED_FLAGS)
        return let_run(FALLBACK_FLAGS);
    if (open.discards && found->rule->writes == SPOOF_WRITES_REFUSE)
        return answer_with(found->number, -EACCES);
    if (!server_step_aside(call->server))
        return let_run(FALLBACK_BUSY);
    int real = make_result(&open, &result);
    if (access_failed(real, &why))
        return let_run(why);
    if (real < 0)
        return answer_with(found->number, real);
    if (result.fd < 0)
        return let_run(result.error != 0 ? reason_of(result.error) : FALLBACK_NONE);
    int fd = open_result(&open, arguments, result.fd);
    close(result.fd);
    struct verdict verdict =
        deliver_file(found, fd, open.discards ? DELIVER_WRITABLE : DELIVER_SEALED);
    verdict.answer = result.lines;
    return verdict;
}
