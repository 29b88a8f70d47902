/* open_table.c - mount tables and /proc/filesystems as rules have them.
 * Rule: CONTINUE is right whenever no line changes, or the flags are such that the kernel fails or
 * nobody reads; a table is always made from the program's own one, at the moment of its open. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/mount_table.h"
#include "../content/snapshot.h"
#include "../content/table_name.h"
#include "../supervisor/server.h"
#include "../tracee/procfs.h"
#include "../tracee/program.h"
#include "open.h"

/* Is the file a table, and of which kind? Its own name says so, however it was reached. */
static bool find_table(struct stopped_call *call, int fd, const struct stat *info,
                       enum spoof_table *table) {
    const struct surroundings *surroundings = server_surroundings(call->server);
    char name[TRACEE_PATH_MAX];
    struct k_statfs filesystem = {0};
    if (!S_ISREG(info->st_mode))
        return false;
    int error = look_statfs(call, fd, &filesystem);
    if (procfs_holds(surroundings, fd, filesystem.f_type, -error))
        return descriptor_name(surroundings->proc, fd, name, sizeof name) > 0 &&
               table_by_name(name, table);
    *table = SPOOF_TABLE_MOUNTS;
    return look_name(call, fd, name, sizeof name) > 0 && strcmp(name, "/etc/mtab") == 0;
}

/* Made by ourselves: what others own would show that they made it. */
static int make_snapshot(struct server *server, const char *path, const struct table_change *change,
                         const struct stat *info) {
    if (become_self(server) != 0)
        abort(); /* never go on as somebody else: the guardian replaces us */
    const struct snapshot_kind kind = {
        .mode = info->st_mode & 0777 & ~(mode_t)(S_IWUSR | S_IWGRP | S_IWOTH),
        .uid = info->st_uid,
        .gid = info->st_gid,
    };
    int snapshot = snapshot_make(path, change->text, change->length, &kind);
    if (resume_identity(server) != 0)
        abort();
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
    program_name(server_surroundings(call->server), call->tid, program);
    int error = mount_table_rewrite(policy, table, program, text, length, &change);
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

static struct verdict serve_found(struct stopped_call *call, const uint8_t *policy,
                                  const struct open_arguments *arguments, int fd) {
    struct stat info;
    enum spoof_table table;
    if (fstat(fd, &info) != 0 || !find_table(call, fd, &info, &table))
        return let_run(FALLBACK_NONE);
    if ((arguments->flags & ~CARRIED_FLAGS) || (arguments->flags & O_ACCMODE) != O_RDONLY)
        return let_run(FALLBACK_FLAGS);
    int real = look_open(call, fd, O_RDONLY);
    if (real < 0)
        return let_run(real == -EBUSY   ? FALLBACK_BUSY
                       : real == -EPERM ? FALLBACK_CREDENTIALS
                                        : FALLBACK_NONE);
    struct verdict verdict = deliver_table(call, policy, arguments, table, real, &info);
    close(real);
    return verdict;
}

struct verdict open_table(struct stopped_call *call, const uint8_t *policy,
                          const struct open_arguments *arguments) {
    bool creates_new = (arguments->flags & O_CREAT) && (arguments->flags & O_EXCL);
    if (creates_new || (arguments->flags & O_DIRECTORY))
        return let_run(FALLBACK_NONE); /* EEXIST, ENOTDIR */
    struct look look = look_path(call, &arguments->request);
    if (look.fd < 0)
        return let_run(look.fallback);
    struct verdict verdict = serve_found(call, policy, arguments, look.fd);
    close(look.fd);
    return verdict;
}
