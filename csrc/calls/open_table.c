/* open_table.c - mount tables and /proc/filesystems as rules have them.
 * Rule: CONTINUE is right whenever no line changes, or the flags are such that the kernel fails or
 * nobody reads; a table is always made from the program's own one, at the moment of its open. */
#include "open_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/mount_table.h"
#include "../content/read_all.h"
#include "../content/snapshot.h"
#include "../content/table_name.h"
#include "../policy/match.h"
#include "../tracee/access.h"
#include "../tracee/descriptor.h"
#include "../tracee/lookup.h"
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
    int snapshot = snapshot_make(path, change->text, change->length, &kind);
    rights_must_usual(server);
    return snapshot;
}

static struct verdict deliver_table(struct stopped_call *call, const uint8_t *policy,
                                    const struct open_arguments *arguments, enum spoof_table table,
                                    int real, const struct stat *info) {
    char program[PROGRAM_NAME];
    struct table_change change = {0};
    struct verdict verdict = let_run(FALLBACK_NONE);
    size_t length = 0;
    char *text = read_all(real, &length);
    if (!text)
        return let_run(FALLBACK_CONTENT);
    bool excepts = match_mounts_excepts_programs(policy);
    if (excepts)
        program_name(call->server->context, call->tid, program);
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
    if ((arguments->flags & ~CARRIED_FLAGS) || (arguments->flags & O_ACCMODE) != O_RDONLY)
        return let_run(FALLBACK_FLAGS);
    int real = procfs ? access_open_at_once(call, lookup->fd, O_RDONLY)
                      : access_open(call, lookup->fd, O_RDONLY);
    enum fallback why;
    if (real < 0)
        return let_run(access_failed(real, &why) ? why : FALLBACK_NONE);
    struct verdict verdict = deliver_table(call, policy, arguments, table, real, &info);
    close(real);
    return verdict;
}
