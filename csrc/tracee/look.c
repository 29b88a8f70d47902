/* look.c - what a path or a descriptor of the tracee stands for.
 * Rule: quick where the answer is surely the tracee's own (same root, no links, nobody kept out);
 * otherwise step by step with the tracee's root and credentials (walk.c); otherwise let it run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "acquaintances.h"
#include "mounts.h"
#include "quick.h"
#include "start.h"
#include "tracee.h"
#include "walk.h"

enum fallback proc_fallback(int error) {
    return error == ENOENT || error == ESRCH ? FALLBACK_NONE : FALLBACK_PROC;
}

static int open_proc(const struct surroundings *surroundings, pid_t tid, const char *entry) {
    char name[64];
    snprintf(name, sizeof name, "%d/%s", tid, entry);
    int fd = openat(surroundings->proc, name, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static enum fallback take_identity(struct server *server, const struct credentials *credentials) {
    const struct surroundings *surroundings = server_surroundings(server);
    if (takes_identities(surroundings))
        return become_tracee(server, credentials) == 0 ? FALLBACK_NONE : FALLBACK_CREDENTIALS;
    if (!credentials_equal(credentials, &surroundings->own) || !credentials->same_user_namespace)
        return FALLBACK_CREDENTIALS;
    return FALLBACK_NONE;
}

/* An open descriptor by its entry in procfs, which is its owner's alone. gVisor's fstatfs also
 * takes AT_FDCWD. */
static int open_descriptor(struct server *server, pid_t tid, int fd) {
    char entry[32];
    if (fd < 0)
        return -ENOENT;
    snprintf(entry, sizeof entry, "fd/%d", fd);
    /* An open descriptor needs no permission. */
    if (become_owner(server) != 0)
        return -EPERM;
    int found = open_proc(server_surroundings(server), tid, entry);
    act_as_usual(server);
    return found;
}

int open_start(struct stopped_call *call, int directory) {
    if (directory == AT_FDCWD)
        return open_proc(server_surroundings(call->server), call->tid, "cwd");
    return open_descriptor(call->server, call->tid, directory);
}

/* Root and first directory for the walk. */
static enum fallback open_places(struct walk *walk, struct stopped_call *call,
                                 const struct look_request *request) {
    bool own_root = (request->resolve & K_RESOLVE_IN_ROOT) != 0;
    bool relative = request->path[0] != '/' || own_root;
    walk->root = own_root ? open_start(call, request->directory)
                          : open_proc(walk->surroundings, walk->tid, "root");
    if (walk->root < 0)
        return proc_fallback(-walk->root);
    if (place_of(walk->root, "", &walk->root_place) != 0)
        return FALLBACK_ROOT;
    if (relative) {
        walk->start = open_start(call, request->directory);
        if (walk->start < 0)
            return proc_fallback(-walk->start);
    }
    return FALLBACK_NONE;
}

static struct look look_exactly(struct stopped_call *call, const struct look_request *request) {
    struct server *server = call->server;
    const struct surroundings *surroundings = server_surroundings(server);
    struct walk walk = {
        .surroundings = surroundings,
        .tid = call->tid,
        .root = -1,
        .start = -1,
        .no_follow = request->no_follow,
        .resolve = request->resolve,
        .missing = request->missing,
    };
    struct look found = no_look(FALLBACK_BUSY);

    struct credentials *credentials = malloc(sizeof *credentials);
    if (!credentials || !server_step_aside(server)) {
        free(credentials);
        return found;
    }
    walk.credentials = credentials;
    walk.server = server;
    int error = credentials_of(surroundings->proc, call->tid, credentials);
    found.fallback = error ? proc_fallback(-error) : open_places(&walk, call, request);
    if (!error && found.fallback == FALLBACK_NONE) {
        credentials->same_user_namespace = is_in_our_user_namespace(surroundings, call->tid);
        walk.pid_namespace = namespace_of(surroundings->proc, call->tid, "pid");
        found.fallback = take_identity(server, credentials);
        if (found.fallback == FALLBACK_NONE)
            found = walk_path(&walk, request->path);
        act_as_usual(server);
    }
    if (walk.root >= 0)
        close(walk.root);
    if (walk.start >= 0)
        close(walk.start);
    free(credentials);
    return found;
}

static bool may_look(struct server *server, pid_t tid) {
    if (!server->receiving)
        return true;
    acquaintance_refresh(server, tid);
    return !mounts_looks_sleep(server_surroundings(server)->mounts) || server_step_aside(server);
}

/* 0 or -errno. */
static int root_of(struct stopped_call *call, struct place *root) {
    char name[64];
    snprintf(name, sizeof name, "%d/root", call->tid);
    return place_of(server_surroundings(call->server)->proc, name, root);
}

bool look_is_in_our_root(struct stopped_call *call) {
    return acquaintance_is_in_our_root(call->server, call->tid) ||
           thread_is_in_our_root(server_surroundings(call->server), call->tid);
}

struct look look_path(struct stopped_call *call, const struct look_request *request) {
    const struct surroundings *surroundings = server_surroundings(call->server);
    struct place root;
    if (request->path[0] == '\0')
        return no_look(FALLBACK_NONE); /* ENOENT */
    if (!may_look(call->server, call->tid))
        return no_look(FALLBACK_BUSY);
    if (surroundings->proof == PROOF_COMPARE || surroundings->proof == PROOF_BY_WALKING)
        return look_exactly(call, request);
    if (!acquaintance_is_in_our_root(call->server, call->tid)) {
        int error = root_of(call, &root);
        if (error != 0)
            return no_look(proc_fallback(-error));
        if (!place_is_root(surroundings, call->tid, &root))
            return look_exactly(call, request);
    }
    bool exact = false;
    struct look found = look_quickly(call, request, &exact);
    found.in_our_root = !exact;
    return exact ? look_exactly(call, request) : found;
}

struct look look_descriptor(struct stopped_call *call, uint32_t fd) {
    struct k_statfs info;
    if (!may_look(call->server, call->tid))
        return no_look(FALLBACK_BUSY);
    /* gVisor's fstatfs also takes AT_FDCWD. */
    bool own_directory = (int)fd == AT_FDCWD && syscall(SYS_fstatfs, AT_FDCWD, &info) == 0;
    int copy = acquaintance_descriptor(call->server, call->tid, (int)fd);
    if (copy >= 0)
        return (struct look){.fd = copy};
    if (copy == -EBADF && !own_directory)
        return no_look(FALLBACK_NONE);
    int found = own_directory ? open_start(call, AT_FDCWD)
                              : open_descriptor(call->server, call->tid, (int)fd);
    if (found == -EPERM)
        return no_look(FALLBACK_CREDENTIALS);
    if (found < 0)
        return no_look(proc_fallback(-found));
    return (struct look){.fd = found};
}

ssize_t look_descriptor_name(struct stopped_call *call, uint32_t fd, char *name, size_t capacity) {
    struct server *server = call->server;
    char entry[64];
    snprintf(entry, sizeof entry, "%d/fd/%u", call->tid, fd);
    if (become_owner(server) != 0)
        return -EPERM;
    ssize_t length = readlinkat(server_surroundings(server)->proc, entry, name, capacity - 1);
    int error = errno;
    act_as_usual(server);
    if (length < 0)
        return -error;
    name[length] = '\0';
    return length;
}

/* As the tracee, whose credentials are read anew. */
static int open_as_tracee(struct stopped_call *call, const char *entry, int flags) {
    struct server *server = call->server;
    struct credentials *credentials = malloc(sizeof *credentials);
    int proc = server_surroundings(server)->proc, fd = -EPERM;
    if (credentials && credentials_of(proc, call->tid, credentials) == 0) {
        credentials->same_user_namespace =
            is_in_our_user_namespace(server_surroundings(server), call->tid);
        if (take_identity(server, credentials) == FALLBACK_NONE) {
            fd = openat(proc, entry, flags | O_CLOEXEC);
            fd = fd < 0 ? -errno : fd;
        }
        act_as_usual(server);
    }
    free(credentials);
    return fd;
}

int look_open(struct stopped_call *call, int fd, int flags) {
    return server_step_aside(call->server) ? look_open_ours(call, fd, flags) : -EBUSY;
}

int look_open_ours(struct stopped_call *call, int fd, int flags) {
    struct server *server = call->server;
    char entry[64];
    snprintf(entry, sizeof entry, "self/fd/%d", fd);
    /* What is open to nobody in particular is open to the tracee. */
    int opened = openat(server_surroundings(server)->proc, entry, flags | O_CLOEXEC);
    if (opened >= 0 && server->identity == IDENTITY_NOBODY)
        return opened;
    if (opened >= 0)
        close(opened);
    return open_as_tracee(call, entry, flags);
}

bool look_may_be_in_memory(struct stopped_call *call, int fd) {
    const struct surroundings *surroundings = server_surroundings(call->server);
    struct place place;
    int copy =
        surroundings->memory_known ? acquaintance_descriptor(call->server, call->tid, fd) : -ENOSYS;
    if (copy < 0)
        return copy != -EBADF;
    bool may = place_of(copy, "", &place) != 0 || place_is_in_memory(surroundings, &place);
    close(copy);
    return may;
}

int look_statfs(struct stopped_call *call, const struct look *look, void *k_statfs,
                bool *in_memory) {
    struct server *server = call->server;
    const struct surroundings *surroundings = server_surroundings(server);
    if (in_memory)
        *in_memory = false;
    if (!look->quick && (server->receiving || in_memory)) {
        struct place place;
        bool placed = place_of(look->fd, "", &place) == 0;
        bool memory = placed && place_is_in_memory(surroundings, &place);
        /* What lies in memory is on no mount of the table, and never sleeps. */
        bool quick = memory || (placed && mounts_is_quick(surroundings->mounts, place.mount));
        if (in_memory)
            *in_memory = memory || !placed || !surroundings->memory_known;
        if (!quick && !server_step_aside(server))
            return -EBUSY;
    }
    return syscall(SYS_fstatfs, look->fd, k_statfs) == 0 ? 0 : -errno;
}

/* Cuts the path of the tracee's root off the front of `path`. */
static ssize_t below_root(char *path, size_t length, const char *root) {
    size_t prefix = strlen(root);
    if (prefix <= 1 || strncmp(path, root, prefix) != 0 ||
        (path[prefix] != '/' && path[prefix] != '\0'))
        return (ssize_t)length;
    if (path[prefix] == '\0') {
        path[1] = '\0';
        return 1;
    }
    memmove(path, path + prefix, length - prefix + 1);
    return (ssize_t)(length - prefix);
}

ssize_t descriptor_name(int proc, int fd, char *path, size_t capacity) {
    char entry[64];
    snprintf(entry, sizeof entry, "self/fd/%d", fd);
    ssize_t length = readlinkat(proc, entry, path, capacity - 1);
    if (length < 0)
        return -errno;
    path[length] = '\0';
    return length;
}

ssize_t look_name(struct stopped_call *call, int fd, char *path, size_t capacity) {
    static const char deleted[] = " (deleted)";
    const struct surroundings *surroundings = server_surroundings(call->server);
    char entry[64], root[TRACEE_PATH_MAX];
    struct stat info;
    ssize_t length = descriptor_name(surroundings->proc, fd, path, capacity);
    if (length < 0)
        return length;
    if (path[0] != '/')
        return -ENOENT; /* a pipe, socket, memfd: nothing that a path rule could name */
    size_t tail = sizeof deleted - 1;
    if ((size_t)length > tail && strcmp(path + length - tail, deleted) == 0 &&
        fstat(fd, &info) == 0 && info.st_nlink == 0) {
        length -= (ssize_t)tail;
        path[length] = '\0';
    }
    if (acquaintance_is_in_our_root(call->server, call->tid))
        return length; /* names are told as our own root has them */
    snprintf(entry, sizeof entry, "%d/root", call->tid);
    ssize_t root_length = readlinkat(surroundings->proc, entry, root, sizeof root - 1);
    if (root_length <= 0)
        return length;
    root[root_length] = '\0';
    return below_root(path, (size_t)length, root);
}
