/* stand_in.c - opens what stands in the place of a file.
 * Rule: the kernel says what it is; in doubt it cannot be told, and the call is let run. */
#include "stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../content/same_file.h"
#include "../content/store.h"
#include "../tracee/access.h"
#include "../tracee/procfs.h"
#include "../tracee/rights.h"
#include "from_source.h"

/* The nearest directory above that is there: O_PATH, or -errno. */
static int open_ancestor(struct stopped_call *call, const char *path) {
    char above[TRACEE_PATH_MAX];
    const struct lookup_request request = {.path = above, .directory = AT_FDCWD};
    memcpy(above, path, strlen(path) + 1);
    for (;;) {
        char *slash = strrchr(above, '/');
        if (!slash)
            return -EAGAIN;
        slash[slash == above ? 1 : 0] = '\0';
        struct lookup lookup = lookup_path(call, &request);
        if (lookup.fd >= 0)
            return lookup.fd;
        if (lookup.fallback != FALLBACK_NONE || above[1] == '\0')
            return -EAGAIN;
    }
}

/* A number of its own, the same each time, which also 32-bit programs can be told. */
static uint32_t invented_inode(const char *path) {
    return path_hash(path) | 0x80000000U;
}

/* On the filesystem where it would lie, and nobody's but root's. */
static void invent(const struct found_file *found, struct stat *info) {
    info->st_mode = S_IFDIR | 0555;
    info->st_uid = 0;
    info->st_gid = 0;
    info->st_nlink = 2;
    info->st_ino = invented_inode(found->path);
}

static int store_of(struct stopped_call *call, const uint8_t *policy,
                    const struct found_file *found, bool *lent) {
    /* Only the thread that receives ever replaces a file of the store. */
    *lent = call->server->receiving;
    int file = store_made(policy, found->number, *lent);
    if (file < 0) {
        rights_must_own_user(call->server);
        file = store_get(policy, found->number, found->path, *lent);
        rights_must_usual(call->server);
    }
    return file >= 0 ? file : -EAGAIN; /* we are short of something */
}

/* A file like the one that an open would get, at this moment. */
static int make_from_source(struct stopped_call *call, const uint8_t *policy,
                            const struct found_file *found) {
    const struct snapshot_kind kind = {.mode = found->rule->mode};
    struct output content;
    int error = from_source(call, policy, found, &content);
    enum fallback why;
    if (error != 0)
        return access_failed(error, &why) ? -EAGAIN : error;
    rights_must_own_user(call->server);
    int fd = same_file(found->path, content.text, content.length, &kind);
    rights_must_usual(call->server);
    free(content.text);
    return fd < 0 ? -EAGAIN : fd;
}

int stand_in_target(struct stopped_call *call, const struct found_file *found, int flags) {
    const bool creates_new = (flags & O_CREAT) && (flags & O_EXCL);
    const struct lookup_request request = {
        .path = found->target,
        .directory = AT_FDCWD,
        .no_follow = creates_new,
        .creates = (flags & O_CREAT) && !creates_new,
    };
    if (!server_step_aside(call->server))
        return -EAGAIN;
    struct lookup lookup = lookup_path(call, &request);
    if (lookup.fd >= 0 && !procfs_tells_tracee(call, lookup.fd)) {
        close(lookup.fd);
        return -EAGAIN;
    }
    return lookup.fd >= 0 ? lookup.fd : lookup.error != 0 ? lookup.error : -EAGAIN;
}

int stand_in_fd(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                bool *lent) {
    *lent = false;
    if (!found_in_memory(found) && !server_step_aside(call->server))
        return -EAGAIN;
    if (found->is_parent)
        return open_ancestor(call, found->path);
    switch ((enum spoof_file_kind)found->rule->kind) {
    case SPOOF_FILE_CONTENT:
    case SPOOF_FILE_GENERATED:
        if (found->wants_directory)
            return -ENOTDIR;
        return found_in_memory(found) ? store_of(call, policy, found, lent)
                                      : make_from_source(call, policy, found);
    case SPOOF_FILE_REDIRECT:
        return stand_in_target(call, found, 0);
    case SPOOF_FILE_REWRITE:
        break;
    }
    *lent = true;
    return found->real >= 0 ? found->real : -EAGAIN;
}

int stand_in_open(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                  struct stand_in *stand_in) {
    *stand_in = (struct stand_in){.found = found};
    stand_in->fd = stand_in_fd(call, policy, found, &stand_in->lent);
    if (stand_in->fd < 0)
        return stand_in->fd;
    int error = 0;
    if (fstat(stand_in->fd, &stand_in->info) != 0)
        error = error_is_ours(errno) ? -EAGAIN : -errno;
    if (error == 0 && found->is_parent)
        invent(found, &stand_in->info);
    if (error != 0)
        stand_in_close(stand_in);
    return error;
}

void stand_in_close(const struct stand_in *stand_in) {
    if (!stand_in->lent)
        close(stand_in->fd);
}
