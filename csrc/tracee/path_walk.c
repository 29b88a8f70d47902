/* path_walk.c - path_resolution(7) by hand, for what openat2 cannot do: another root, and links
 * through /proc/self, which must mean the tracee and not us. Rule: every step is an
 * O_PATH|O_NOFOLLOW open with the tracee's credentials, so the kernel checks each permission;
 * whatever cannot be followed exactly ends the walk and the call is let run. */
#include "path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "path_text.h"
#include "sticky.h"

#define MAX_LINKS 40 /* MAXSYMLINKS, path_resolution(7) */
#define REST_CAPACITY (2UL * TRACEE_PATH_MAX)
#define CACHE_TRIES 64

struct step {
    const struct path_walk *walk;
    int start;   /* where the path begins */
    int current; /* O_PATH, owned */
    int links;
    bool must_be_directory;
    bool on_fuse;             /* it has failed at the root of one */
    bool missing;             /* the walk has ended where nothing is */
    char rest[REST_CAPACITY]; /* what is still to be resolved */
    struct mounts *mounts;    /* the tracee's, once they are needed; owned */
    struct lookup failure;
};

static bool give_up(struct step *step, enum fallback fallback) {
    step->failure = no_lookup(fallback);
    return false;
}

/* Whether the kernel will fail there is not known. */
static bool be_in_doubt(struct step *step) {
    return give_up(step, FALLBACK_BUSY);
}

/* The kernel will fail as our own call did, but for want of something of ours. */
static bool fail(struct step *step, int error) {
    step->failure = failed_lookup(-error);
    return false;
}

static bool move_to(struct step *step, int fd) {
    if (fd < 0)
        return fail(step, errno);
    close(step->current);
    step->current = fd;
    return true;
}

/* Is it the directory that RESOLVE_BENEATH and RESOLVE_IN_ROOT do not let out of? */
static bool is_start(const struct step *step, const struct file_id *here) {
    struct file_id start;
    return file_id_read(step->walk->start, "", &start) != 0 || file_id_equal(here, &start);
}

/* RESOLVE_NO_XDEV. Where mounts have no numbers nothing can be said. */
static bool stays_on_mount(struct step *step) {
    struct file_id start, here;
    if (!(step->walk->request->resolve & K_RESOLVE_NO_XDEV))
        return true;
    if (file_id_read(step->start, "", &start) != 0 || file_id_read(step->current, "", &here) != 0 ||
        start.mount == 0)
        return give_up(step, FALLBACK_LINK);
    return start.mount == here.mount || give_up(step, FALLBACK_NONE); /* EXDEV */
}

static int64_t type_of_filesystem(int fd, int64_t *flags) {
    struct k_statfs info;
    if (syscall(SYS_fstatfs, fd, &info) != 0)
        return -1;
    if (flags)
        *flags = info.f_flags;
    return info.f_type;
}

/* What the kernel says of a sticky directory, too. */
static bool passes(struct step *step, enum sticky sticky) {
    if (sticky == STICKY_IN_DOUBT)
        return be_in_doubt(step);
    if (sticky == STICKY_UNKNOWN)
        return give_up(step, FALLBACK_NONE);
    return sticky == STICKY_PASSES || fail(step, EACCES);
}

/* Puts `target` in front of what is still to be resolved. */
static bool push(struct step *step, const char *target, bool more) {
    size_t length = strlen(target), rest = strlen(step->rest);
    if (length == 0)
        return give_up(step, FALLBACK_NONE); /* ENOENT */
    if (length + rest + 2 > REST_CAPACITY)
        return give_up(step, FALLBACK_BOUND); /* the kernel keeps each text by itself */
    memmove(step->rest + length + (more ? 1 : 0), step->rest, rest + 1);
    memcpy(step->rest, target, length);
    if (more)
        step->rest[length] = '/';
    return true;
}

/* A link on procfs. In its root directory: text, with `self` replaced. Below: a magic link, which
 * leads to the same object whoever follows it (proc(5)), so the kernel may follow it for us. */
static bool follow_proc_link(struct step *step, const char *name, int link, bool more) {
    struct file_id here;
    char target[TRACEE_PATH_MAX];
    if (file_id_read(step->current, "", &here) != 0)
        return be_in_doubt(step);
    if (here.inode != step->walk->walker.server->context->proc_root.inode) {
        const uint64_t forbid = K_RESOLVE_NO_MAGICLINKS | K_RESOLVE_BENEATH | K_RESOLVE_IN_ROOT;
        if (step->walk->request->resolve & forbid)
            return give_up(step, FALLBACK_NONE); /* ELOOP or EXDEV */
        int fd = procfs_follow(&step->walk->walker, step->current, name);
        if (fd < 0 && errno != ENOENT && !error_is_ours(errno))
            return give_up(step, FALLBACK_LINK);
        return move_to(step, fd);
    }
    if (strcmp(name, "self") == 0 || strcmp(name, "thread-self") == 0) {
        if (!procfs_own_entry(&step->walk->walker, step->current, name[0] == 't', target,
                              sizeof target))
            return give_up(step, FALLBACK_LINK);
    } else {
        ssize_t length = readlinkat(link, "", target, sizeof target - 1);
        if (length <= 0)
            return be_in_doubt(step);
        target[length] = '\0';
    }
    return push(step, target, more);
}

static bool follow_link(struct step *step, const char *name, int link, const struct k_statx *info,
                        bool more) {
    char target[TRACEE_PATH_MAX];
    int64_t flags = 0;
    int64_t type = type_of_filesystem(link, &flags);
    bool on_proc =
        procfs_holds(step->walk->walker.server->context, link, type, type < 0 ? errno : 0);
    bool trailing = step->rest[0] == '\0';
    if (type < 0 && !on_proc)
        return be_in_doubt(step);
    if (++step->links > MAX_LINKS || (flags & K_ST_NOSYMFOLLOW) ||
        (step->walk->request->resolve & K_RESOLVE_NO_SYMLINKS))
        return give_up(step, FALLBACK_NONE); /* ELOOP */
    if (trailing && !passes(step, sticky_link(&step->walk->walker, step->current, info)))
        return false;
    if (on_proc)
        return follow_proc_link(step, name, link, more);
    ssize_t length = readlinkat(link, "", target, sizeof target - 1);
    if (length < 0)
        return be_in_doubt(step);
    target[length] = '\0';
    if (target[0] == '/' && ((step->walk->request->resolve & K_RESOLVE_BENEATH) ||
                             !move_to(step, fcntl(step->walk->root, F_DUPFD_CLOEXEC, 0))))
        return give_up(step, step->failure.fallback); /* EXDEV */
    return push(step, target, more);
}

/* `..` stops at the tracee's root. */
static bool go_up(struct step *step) {
    struct file_id here;
    if (file_id_read(step->current, "", &here) != 0)
        return be_in_doubt(step);
    bool at_root = file_id_equal(&here, &step->walk->root_id);
    if ((step->walk->request->resolve & K_RESOLVE_BENEATH) && is_start(step, &here))
        return give_up(step, FALLBACK_NONE); /* EXDEV */
    return move_to(step,
                   openat(step->current, at_root ? "." : "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Would the tracee come upon an automount trigger at `name`, or is it among triggers already? Its
 * own table of mounts says so, and is read at most once a walk. */
static bool may_be_trigger(struct step *step, const char *name) {
    const struct path_walk *walk = step->walk;
    char path[2 * TRACEE_PATH_MAX];
    if (!step->mounts) {
        rights_must_own(walk->walker.server);
        step->mounts = mounts_of(walk->walker.server->context->proc, walk->walker.tid);
        rights_must_tracee(walk->walker.server, walk->walker.credentials);
    }
    if (!mounts_have_triggers(step->mounts))
        return false;
    if (type_of_filesystem(step->current, NULL) == K_AUTOFS_SUPER_MAGIC)
        return true;
    ssize_t length = descriptor_own_name(walk->walker.server->context->proc, step->current, path,
                                         TRACEE_PATH_MAX);
    if (length <= 0)
        return !give_up(step, length == -ENAMETOOLONG ? FALLBACK_BOUND : FALLBACK_AUTOMOUNT);
    if (path[length - 1] == '/')
        length--;
    snprintf(path + length, sizeof path - (size_t)length, "/%s", name);
    return mounts_is_trigger(step->mounts, path);
}

/* What is in the cache is reached without waiting for anything. EAGAIN: it may not be there. */
static int open_cached(int directory, const char *name, int flags) {
    struct k_open_how how = {.flags = (uint64_t)flags, .resolve = K_RESOLVE_CACHED};
    return (int)syscall(K_NR_OPENAT2, directory, name, &how, sizeof how);
}

/* One step, without following a link. Waits for a filesystem, but not for an automount: whoever
 * waits there may be waited for by the daemon, which may be the tracee itself. */
static int open_step(struct step *step, const char *name) {
    const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const bool by_walking = step->walk->walker.server->context->proof == PROOF_BY_WALKING;
    int fd = by_walking ? -1 : open_cached(step->current, name, flags);
    if (by_walking)
        errno = ENOSYS;
    /* ENOSYS before Linux 5.6, EINVAL before 5.12. */
    if (fd >= 0 || (errno != EAGAIN && errno != EINVAL && errno != ENOSYS && errno != EACCES))
        return fd;
    const int why = errno;
    if (why != EACCES && may_be_trigger(step, name)) {
        /* The cache also gives up while anybody on the machine mounts anything. */
        for (int tries = 0; why == EAGAIN && tries < CACHE_TRIES; tries++) {
            fd = open_cached(step->current, name, flags);
            if (fd >= 0 || errno != EAGAIN)
                return fd;
        }
        if (step->failure.fallback == FALLBACK_NONE)
            give_up(step, mounts_are_unknown(step->mounts) ? FALLBACK_BUSY : FALLBACK_AUTOMOUNT);
        return -1;
    }
    return procfs_open_as_owner(&step->walk->walker, step->current, name, flags);
}

/* What is not there begins with this name; the step stands in the directory where it would be. */
static void note_missing(struct step *step, const char *name, bool more) {
    int length = snprintf(step->walk->request->missing, TRACEE_PATH_MAX, "%s%s%s", name,
                          more ? "/" : "", step->rest);
    step->missing = length > 0 && length < TRACEE_PATH_MAX;
}

static bool go_into(struct step *step, const char *name, bool more) {
    struct k_statx info;
    int fd = open_step(step, name);
    if (fd < 0) {
        if (step->failure.fallback != FALLBACK_NONE)
            return false;
        const int error = errno;
        if (error == ENOENT && step->walk->request->missing)
            note_missing(step, name, more);
        return fail(step, error);
    }
    if (!file_info(fd, &info)) {
        const enum fallback why = errno == EACCES ? FALLBACK_CREDENTIALS : FALLBACK_BUSY;
        step->on_fuse = type_of_filesystem(fd, NULL) == K_FUSE_SUPER_MAGIC;
        close(fd);
        return give_up(step, why);
    }
    if (S_ISLNK(info.stx_mode) &&
        (more || !step->walk->request->no_follow || step->rest[0] != '\0')) {
        bool followed = follow_link(step, name, fd, &info, more);
        close(fd);
        return followed;
    }
    if (step->walk->request->creates && !more && step->rest[0] == '\0' &&
        !passes(step, sticky_creation(&step->walk->walker, step->current, &info))) {
        close(fd);
        return false;
    }
    return move_to(step, fd);
}

/* Takes the next name off the rest. False: nothing is left. */
static bool next_name(struct step *step, char *name, bool *more) {
    char *from = step->rest;
    while (*from == '/')
        from++;
    size_t length = strcspn(from, "/");
    if (length == 0)
        return false;
    memcpy(name, from, length);
    name[length] = '\0';
    from += length;
    *more = *from == '/'; /* also a trailing slash: the name must then be a directory */
    step->must_be_directory = *more;
    while (*from == '/')
        from++;
    memmove(step->rest, from, strlen(from) + 1);
    return true;
}

static bool take_step(struct step *step, const char *name, bool more) {
    if (strcmp(name, "..") == 0)
        return go_up(step);
    if (strcmp(name, ".") == 0)
        return move_to(step, openat(step->current, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    return go_into(step, name, more);
}

/* Its root can be reached by anybody, but not be looked at. */
static bool is_on_fuse(const struct step *step) {
    return step->on_fuse || type_of_filesystem(step->current, NULL) == K_FUSE_SUPER_MAGIC;
}

struct lookup path_walk(const struct path_walk *walk) {
    const char *path = walk->request->path;
    char name[TRACEE_PATH_MAX];
    struct k_statx info;
    bool more = false;
    struct step *step = malloc(sizeof *step); /* too large for a thread's small stack */
    if (!step)
        return no_lookup(FALLBACK_BUSY);
    *step = (struct step){.walk = walk, .failure = no_lookup(FALLBACK_NONE)};
    memcpy(step->rest, path, strlen(path) + 1);
    step->start = path[0] == '/' ? walk->root : walk->start;
    step->current = fcntl(step->start, F_DUPFD_CLOEXEC, 0);

    bool leaves = path[0] == '/' && (walk->request->resolve & K_RESOLVE_BENEATH); /* EXDEV */
    bool going = step->current >= 0 ? !leaves : fail(step, errno);
    while (going && next_name(step, name, &more))
        going = take_step(step, name, more) && stays_on_mount(step);
    struct lookup found = {
        .fd = going || step->missing ? step->current : -1,
        .missing = step->missing,
        .fallback = going ? FALLBACK_NONE : step->failure.fallback,
        .error = going ? 0 : step->failure.error,
        .on_fuse = !going && step->current >= 0 && is_on_fuse(step),
    };
    if (going && step->must_be_directory) {
        const bool known = file_info(found.fd, &info);
        if (!known || !S_ISDIR(info.stx_mode)) {
            found.fd = -1;
            found.fallback = known ? FALLBACK_NONE : FALLBACK_BUSY;
            found.error = known ? -ENOTDIR : 0;
        }
    }
    if (found.fd < 0 && step->current >= 0)
        close(step->current);
    mounts_close(step->mounts);
    free(step);
    return found;
}
