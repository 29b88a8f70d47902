/* lookup.c - finds what a path stands for, step by step as path_resolution(7) tells it.
 * Rule: fast where the answer is surely the tracee's own (same root, no links, nobody kept out);
 * otherwise walked with the tracee's root and credentials; otherwise the call is let run. */
#include "lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "fast_path.h"
#include "identity.h"
#include "path_walk.h"
#include "proxy.h"

static bool may_look(struct server *server, pid_t tid) {
    if (!server->receiving)
        return true;
    identify(server, tid);
    return !mounts_looks_sleep(server->context->mounts) || server_step_aside(server);
}

/* Step 1: where the resolution starts. */
static enum fallback open_start(struct path_walk *walk, struct stopped_call *call) {
    const struct lookup_request *request = walk->request;
    const bool bounded = (request->resolve & K_RESOLVE_IN_ROOT) != 0;
    walk->root = bounded ? descriptor_of_directory(call, request->directory)
                         : descriptor_of_entry(call->server->context, call->tid, "root");
    if (walk->root < 0)
        return proc_fallback(-walk->root);
    if (file_id_read(walk->root, "", &walk->root_id) != 0)
        return FALLBACK_ROOT;
    if (request->path[0] != '/' || bounded) {
        walk->start = descriptor_of_directory(call, request->directory);
        if (walk->start < 0)
            return proc_fallback(-walk->start);
    }
    return FALLBACK_NONE;
}

/* Steps 2 and 3: along the path to the final entry, as the tracee. */
static struct lookup walk_as_tracee(struct path_walk *walk) {
    struct server *server = walk->walker.server;
    struct lookup found = no_lookup(FALLBACK_CREDENTIALS);
    if (rights_as_tracee(server, walk->walker.credentials))
        found = path_walk(walk);
    rights_must_usual(server);
    return found;
}

/* ---- where filesystem ids are not enough ---- */

/* A FUSE filesystem may be its user's alone, mount.fuse3(8): it asks for the real and saved ids,
 * too.
 */
struct private_walk {
    const struct path_walk *walk;
    struct lookup found;
    char missing[TRACEE_PATH_MAX];
};

static int walk_privately(void *data) {
    struct private_walk *walk = data;
    struct path_walk own = *walk->walk;
    struct server server = *own.walker.server;
    server.rights = RIGHTS_PROXY;
    own.walker.server = &server;
    struct lookup_request request = *own.request;
    if (request.missing)
        request.missing = walk->missing;
    own.request = &request;
    walk->found = path_walk(&own);
    return walk->found.fd;
}

/* `found`: what is there without them. */
static struct lookup walk_with_all_ids(const struct path_walk *walk, struct lookup found) {
    struct private_walk *asked = malloc(sizeof *asked);
    int fd;
    if (asked)
        asked->walk = walk;
    if (asked && proxy_ask(walk->walker.credentials, walk_privately, asked, sizeof *asked, &fd)) {
        found = asked->found;
        found.fd = fd;
        if (found.missing)
            memcpy(walk->request->missing, asked->missing, sizeof asked->missing);
    }
    free(asked);
    return found;
}

struct private_statfs {
    int fd, error;
    struct k_statfs info;
};

static int statfs_privately(void *data) {
    struct private_statfs *asked = data;
    asked->error = syscall(SYS_fstatfs, asked->fd, &asked->info) == 0 ? 0 : errno;
    return -1;
}

/* What it tells to others is the type alone. */
static void fill_with_all_ids(struct stopped_call *call, int fd, struct k_statfs *info) {
    struct private_statfs asked = {.fd = fd};
    int none, error;
    if (info->f_type != K_FUSE_SUPER_MAGIC || info->f_bsize != 0)
        return;
    const struct credentials *credentials = identity_credentials(call, &error);
    if (credentials && server_step_aside(call->server) &&
        proxy_ask(credentials, statfs_privately, &asked, sizeof asked, &none) && asked.error == 0)
        *info = asked.info;
}

/* ---- of a path ---- */

static struct lookup walk_path(struct stopped_call *call, const struct lookup_request *request) {
    struct server *server = call->server;
    struct path_walk walk = {.walker = {.server = server, .tid = call->tid},
                             .root = -1,
                             .start = -1,
                             .request = request};
    int error;
    if (!server_step_aside(server))
        return no_lookup(FALLBACK_BUSY);
    walk.walker.credentials = identity_credentials(call, &error);
    if (error != 0)
        return no_lookup(proc_fallback(-error));
    struct lookup found = no_lookup(open_start(&walk, call));
    if (found.fallback == FALLBACK_NONE) {
        walk.walker.pid_namespace = namespace_of(server->context->proc, call->tid, "pid");
        found = walk_as_tracee(&walk);
        if (found.on_fuse && (found.error == -EACCES || found.fallback == FALLBACK_CREDENTIALS))
            found = walk_with_all_ids(&walk, found);
    }
    if (walk.root >= 0)
        close(walk.root);
    if (walk.start >= 0)
        close(walk.start);
    return found;
}

/* Without privileges all tracees are of the same user, but for who got other ids in a user
 * namespace (newuidmap(1)). */
static bool is_same_user(struct stopped_call *call) {
    int error;
    if (identity_in_own_user_namespace(call->server, call->tid))
        return true;
    const struct credentials *credentials = identity_credentials(call, &error);
    const struct credentials *own = &call->server->context->own;
    return credentials && credentials->fsuid == own->fsuid && credentials->fsgid == own->fsgid;
}

struct lookup lookup_path(struct stopped_call *call, const struct lookup_request *request) {
    struct server *server = call->server;
    const enum lookup_proof proof = server->context->proof;
    if (request->path[0] == '\0')
        return no_lookup(FALLBACK_NONE); /* ENOENT */
    if (!may_look(server, call->tid))
        return no_lookup(FALLBACK_BUSY);
    bool walk = proof == PROOF_COMPARE || proof == PROOF_BY_WALKING || server->uses_real ||
                request->creates;
    if (!walk && proof == PROOF_SAME_USER)
        walk = !is_same_user(call);
    if (!walk) {
        int own_root = identity_in_own_root(server, call->tid);
        if (own_root < 0)
            return no_lookup(proc_fallback(-own_root));
        walk = own_root == 0;
    }
    if (!walk) {
        struct lookup found = fast_path(call, request, &walk);
        found.in_own_root = true;
        if (!walk)
            return found;
    }
    return walk_path(call, request);
}

const struct cached_path *lookup_recall(struct stopped_call *call,
                                        const struct lookup_request *request) {
    identify(call->server, call->tid);
    return lookup_cache_find(call, request);
}

struct lookup lookup_descriptor(struct stopped_call *call, uint32_t fd) {
    struct k_statfs info;
    if (!may_look(call->server, call->tid))
        return no_lookup(FALLBACK_BUSY);
    /* gVisor's fstatfs also takes AT_FDCWD. */
    bool own_directory = (int)fd == AT_FDCWD && syscall(SYS_fstatfs, AT_FDCWD, &info) == 0;
    int found = descriptor_copy(call->server, (int)fd);
    if (found >= 0)
        return (struct lookup){.fd = found};
    if (found == -EBADF && !own_directory)
        return no_lookup(FALLBACK_NONE);
    found =
        own_directory ? descriptor_of_directory(call, AT_FDCWD) : descriptor_open(call, (int)fd);
    if (found == -EPERM)
        return no_lookup(FALLBACK_CREDENTIALS);
    return found < 0 ? no_lookup(proc_fallback(-found)) : (struct lookup){.fd = found};
}

/* ---- on which filesystem it lies ---- */

/* The thread that receives asks only those that answer from memory. */
int filesystem_of(struct stopped_call *call, const struct lookup *lookup, struct k_statfs *info,
                  bool *in_memory) {
    struct server *server = call->server;
    const struct context *context = server->context;
    if (in_memory)
        *in_memory = false;
    if (!lookup->never_sleeps && (server->receiving || in_memory)) {
        struct file_id id;
        bool known = file_id_read(lookup->fd, "", &id) == 0;
        bool memory = known && context_has_in_memory(context, &id);
        if (in_memory)
            *in_memory = memory || !known || !context->memory_known;
        /* What lies in memory is on no mount of the table, and never sleeps. The table is the
         * receiver's: others may sleep anyway. */
        if (server->receiving && !memory &&
            !(known && mounts_never_sleeps(context->mounts, id.mount)) &&
            !server_step_aside(server))
            return -EBUSY;
    }
    if (syscall(SYS_fstatfs, lookup->fd, info) != 0)
        return -errno;
    fill_with_all_ids(call, lookup->fd, info);
    return 0;
}

bool filesystem_may_be_memory(struct stopped_call *call, int fd) {
    const struct context *context = call->server->context;
    struct file_id id;
    if (!context->memory_known)
        return true;
    identify(call->server, call->tid);
    int copy = descriptor_copy(call->server, fd);
    if (copy < 0)
        return copy != -EBADF;
    bool may = file_id_read(copy, "", &id) != 0 || context_has_in_memory(context, &id);
    close(copy);
    return may;
}
