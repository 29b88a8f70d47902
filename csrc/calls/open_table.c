/* open_table.c - mount tables and /proc/filesystems as rules have them.
 * Rule: CONTINUE is right whenever no line changes, or the flags are such that the kernel fails or
 * nobody reads; a table is always made from the program's own one, at the moment of its open. */
#include "open_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/mount_table.h"
#include "../content/read_all.h"
#include "../content/results.h"
#include "../content/same_file.h"
#include "../content/table_name.h"
#include "../policy/match.h"
#include "../tracee/access.h"
#include "../tracee/descriptor.h"
#include "../tracee/lookup.h"
#include "../tracee/namespaces.h"
#include "../tracee/procfs.h"
#include "../tracee/identity.h"
#include "../tracee/rights.h"

/* Is the file a table, and of which kind? Its own name says so, however it was reached. *procfs: it
 * is of those that the kernel makes, where nobody waits for a filesystem. */
static bool find_table(struct stopped_call *call, const struct lookup *lookup, const char *path,
                       enum spoof_table *table, bool *procfs) {
    const struct context *context = call->server->context;
    char name[TRACEE_PATH_MAX];
    struct k_statfs filesystem = {0};
    int error = filesystem_of(call, lookup, &filesystem, NULL);
    *procfs = procfs_holds(context, lookup->fd, filesystem.f_type, -error);
    if (*procfs && lookup->in_own_root) /* reached without links */
        return table_by_name(path, table);
    if (*procfs)
        return descriptor_own_name(context->proc, lookup->fd, name, sizeof name) > 0 &&
               table_by_name(name, table);
    *table = SPOOF_TABLE_MOUNTS;
    return descriptor_path(call, lookup->fd, name, sizeof name) > 0 &&
           strcmp(name, "/etc/mtab") == 0;
}

/* Made by ourselves: what others own would show that they made it. */
static int make_snapshot(struct server *server, const char *path, const struct table_change *change,
                         const struct stat *info) {
    rights_must_own_user(server);
    const struct snapshot_kind kind = {
        .mode = info->st_mode & 0777 & ~(mode_t)(S_IWUSR | S_IWGRP | S_IWOTH),
        .uid = info->st_uid,
        .gid = info->st_gid,
    };
    /* A larger one is a file of its own each time. */
    int snapshot = change->length < RESULTS_FROM
                       ? same_file(path, change->text, change->length, &kind)
                       : snapshot_make(path, change->text, change->length, &kind);
    rights_must_usual(server);
    return snapshot;
}

/* The table as the program itself would read it. False, with *why: it cannot, or we cannot. */
static bool read_as_tracee(struct stopped_call *call, int fd, bool procfs, char **text,
                           size_t *length, enum fallback *why) {
    int real = procfs ? access_open_table(call, fd) : access_open(call, fd, O_RDONLY);
    if (real < 0) {
        *why = access_failed(real, why) ? *why : FALLBACK_NONE;
        return false;
    }
    *text = read_all(real, length);
    *why = FALLBACK_CONTENT;
    close(real);
    return *text != NULL;
}

static bool read_table(struct stopped_call *call, int fd, bool procfs, char **text, size_t *length,
                       enum fallback *why) {
    struct namespaces_left left;
    *why = FALLBACK_NAMESPACE;
    bool done = (!procfs || namespaces_enter(call, false, &left)) &&
                read_as_tracee(call, fd, procfs, text, length, why);
    if (procfs)
        namespaces_leave(call->server, &left);
    return done;
}

/* The real one's bytes, changed; `text` is freed. */
static struct verdict deliver_table(struct stopped_call *call, const uint8_t *policy,
                                    const struct open_arguments *arguments, enum spoof_table table,
                                    char *text, size_t length, const struct stat *info) {
    char program[PROGRAM_NAME];
    struct table_change change = {0};
    struct verdict verdict = let_run(FALLBACK_NONE);
    bool excepts = match_mounts_excepts_programs(policy);
    if (excepts && !program_name(call->server->context, call->tid, program)) {
        free(text);
        return let_run(FALLBACK_BUSY);
    }
    int error = mount_table_rewrite(policy, table, excepts ? program : NULL, text, length, &change);
    free(text);
    if (error != 0)
        return let_run(FALLBACK_CONTENT);
    if (!change.text)
        return verdict; /* no rule holds: the real one, which can also be polled */
    int snapshot = make_snapshot(call->server, arguments->path, &change, info);
    free(change.text);
    if (snapshot < 0)
        return let_run(FALLBACK_CONTENT);
    verdict = (struct verdict){
        .decision = DECISION_DELIVER,
        .fd = snapshot,
        .in_memory = true,
        .rule = change.rule,
        .answer = change.lines,
    };
    return verdict;
}

struct verdict open_table(struct stopped_call *call, const uint8_t *policy,
                          const struct open_arguments *arguments, const struct lookup *lookup) {
    struct stat info;
    enum spoof_table table;
    bool procfs;
    if (fstat(lookup->fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        !find_table(call, lookup, arguments->path, &table, &procfs))
        return let_run(FALLBACK_NONE);
    if (arguments->flags & ~CARRIED_FLAGS)
        return let_run(FALLBACK_FLAGS);
    enum fallback why = FALLBACK_NONE;
    char *text = NULL;
    size_t length = 0;
    if (!read_table(call, lookup->fd, procfs, &text, &length, &why))
        return let_run(why);
    return deliver_table(call, policy, arguments, table, text, length, &info);
}
