/* fast_path.c - looks a path up in one step or two, with openat2(2).
 * Rule: without links and with our root, what openat2 finds is what the tracee finds; and nobody is
 * kept out by what is open to all. Whatever else comes back is left to a walk. */
#include "fast_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "descriptor.h"
#include "identity.h"
#include "path_text.h"
#include "rights.h"

/* O_PATH, or -errno. `cached`: -EAGAIN where a filesystem would have to be asked. */
static int open_plain(int base, const char *path, int flags, uint64_t resolve, bool cached) {
    struct k_open_how how = {
        .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
        .resolve = resolve | K_RESOLVE_NO_SYMLINKS | (cached ? K_RESOLVE_CACHED : 0),
    };
    int fd = (int)syscall(K_NR_OPENAT2, base, path, &how, sizeof how);
    return fd < 0 ? -errno : fd;
}

static int flags_of(const struct lookup_request *request) {
    return request->no_follow ? O_NOFOLLOW : 0;
}

/* May a thread ask the filesystem of this directory? The one that receives must not sleep. */
static bool may_ask(const struct server *server, int directory) {
    const struct mounts *mounts = server->context->mounts;
    struct file_id id;
    if (mounts_have_triggers(mounts))
        return false;
    return !server->receiving ||
           (file_id_read(directory, "", &id) == 0 && mounts_never_sleeps(mounts, id.mount));
}

/* Splits a path before its last name. False: it has no plain one. */
static bool split(const char *path, char *directory, const char **last) {
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    *last = path + length;
    if (**last == '\0' || strcmp(*last, ".") == 0 || strcmp(*last, "..") == 0)
        return false;
    memcpy(directory, length > 0 ? path : "./", length > 0 ? length : 2);
    directory[length > 0 ? length : 2] = '\0';
    return true;
}

/* If nothing but the last name is missing, or not in the cache: its directory is looked up instead,
 * and then asked. An O_PATH descriptor, or -errno: -EAGAIN if that does not help. */
static int look_in_directory(const struct server *server, int base,
                             const struct lookup_request *request, bool *missing) {
    char directory[TRACEE_PATH_MAX];
    const char *last;
    if (request->resolve != 0 || !split(request->path, directory, &last))
        return -EAGAIN;
    int above = open_plain(base, directory, O_DIRECTORY, 0, true);
    if (above < 0)
        return -EAGAIN;
    int fd =
        may_ask(server, above) ? open_plain(above, last, flags_of(request), 0, false) : -EAGAIN;
    *missing = fd == -ENOENT;
    if (*missing) {
        memcpy(request->missing, last, strlen(last) + 1);
        return above;
    }
    close(above);
    return fd;
}

/* Does whatever lies there, if there are no links on the way, surely never sleep? */
static bool never_sleeps(const struct server *server, const char *path) {
    const bool tidy = !strstr(path, "//") && !strstr(path, "/.");
    return server->receiving && path[0] == '/' && tidy &&
           mounts_path_never_sleeps(server->context->mounts, path);
}

/* Without asking a filesystem that may sleep; -EAGAIN: not all of the path is in the cache. */
static int open_from_cache(struct server *server, int base, const struct lookup_request *request,
                           bool *missing) {
    int fd = open_plain(base, request->path, flags_of(request), request->resolve, true);
    if (request->missing && (fd == -EAGAIN || fd == -ENOENT)) {
        int other = look_in_directory(server, base, request, missing);
        if (other != -EAGAIN)
            return other;
    }
    return fd;
}

static int open_slowly(struct server *server, int base, const struct lookup_request *request) {
    bool triggers = mounts_have_triggers(server->context->mounts);
    if (!server_step_aside(server))
        return -EBUSY;
    if (triggers)
        return -EAGAIN; /* with automounts it goes step by step */
    return open_plain(base, request->path, flags_of(request), request->resolve, false);
}

static const char *behind(const char *path, const char *beginning) {
    size_t length = strlen(beginning);
    return strncmp(path, beginning, length) == 0 ? path + length : NULL;
}

/* What the links in the root of our own procfs say to the tracee, for paths that begin with one. */
static bool own_entry(struct stopped_call *call, const struct lookup_request *request,
                      char *entry) {
    const char *path = request->path;
    const char *of_process = behind(path, "/proc/self/"), *of_thread = NULL;
    if (strcmp(path, "/proc/mounts") == 0 && !request->no_follow)
        of_process = "mounts";
    else if (!of_process)
        of_thread = behind(path, "/proc/thread-self/");
    if ((!of_process && !of_thread) || !server_in_own_namespaces(call->server))
        return false;
    pid_t tgid = identity_known_group(call);
    if (tgid == 0)
        return false;
    int length = of_process ? snprintf(entry, TRACEE_PATH_MAX, "/proc/%d/%s", tgid, of_process)
                            : snprintf(entry, TRACEE_PATH_MAX, "/proc/%d/task/%d/%s", tgid,
                                       call->tid, of_thread);
    return length < TRACEE_PATH_MAX;
}

/* A file of the tracee's own in procfs. -EAGAIN: it is no such path, or that is not sure. */
static int open_own_entry(struct stopped_call *call, const struct lookup_request *request) {
    const struct context *context = call->server->context;
    char entry[TRACEE_PATH_MAX];
    struct file_id id;
    if (request->resolve != 0 || !own_entry(call, request, entry))
        return -EAGAIN;
    int fd = open_plain(AT_FDCWD, entry, flags_of(request), 0, false);
    if (fd < 0)
        return -EAGAIN;
    if (file_id_read(fd, "", &id) == 0 && id.mount != 0 && id.mount == context->proc_root.mount)
        return fd;
    close(fd);
    return -EAGAIN;
}

/* Who may search every directory passes one that is not open to all, and so do we.
 * Only where no server judges in another way: -EACCES elsewhere. */
static int open_as_capable(struct stopped_call *call, const struct lookup_request *request,
                           bool *missing) {
    struct server *server = call->server;
    if (request->resolve != 0 || !never_sleeps(server, request->path) ||
        !server_in_own_namespaces(server))
        return -EACCES;
    rights_must_own_user(server);
    int fd = open_plain(AT_FDCWD, request->path, flags_of(request), 0, true);
    if (request->missing && (fd == -EAGAIN || fd == -ENOENT))
        fd = look_in_directory(server, AT_FDCWD, request, missing);
    rights_must_usual(server);
    return fd;
}

/* A capability in another user namespace is none over these files. */
static bool searches_all(const struct stopped_call *call) {
    return credentials_search_all(call->tid) &&
           identity_in_own_user_namespace(call->server, call->tid);
}

/* Nobody is kept out by what is open to all: but a directory can be open to all, and closed to its
 * owner or group alone. Who has a capability passes everywhere; of others the credentials are
 * needed, and -EACCES says so. */
static int open_as_tracee_would(struct stopped_call *call, int base,
                                const struct lookup_request *request, bool *missing) {
    struct server *server = call->server;
    const bool unprivileged = server->context->proof == PROOF_UNPRIVILEGED;
    int fd = open_from_cache(server, base, request, missing);
    /* From the cache a directory that is closed gives either of them. */
    const bool closed = unprivileged && (fd == -EACCES || fd == -EAGAIN);
    const bool asked = closed || (unprivileged && fd >= 0);
    const bool capable = asked && searches_all(call);
    if (closed && capable) {
        int other = open_as_capable(call, request, missing);
        if (other != -EACCES && other != -EAGAIN)
            return other;
    }
    /* EINVAL: RESOLVE_CACHED came with Linux 5.12. */
    if (fd == -EAGAIN || fd == -EINVAL)
        fd = open_slowly(server, base, request);
    if (fd >= 0 && unprivileged && !capable && (asked || !searches_all(call))) {
        close(fd);
        return -EACCES;
    }
    return fd;
}

struct lookup fast_path(struct stopped_call *call, const struct lookup_request *request,
                        bool *walk) {
    struct server *server = call->server;
    bool relative = request->path[0] != '/' || (request->resolve & K_RESOLVE_IN_ROOT);
    bool missing = false;
    int base = AT_FDCWD;
    int own = open_own_entry(call, request);
    if (own >= 0)
        return (struct lookup){.fd = own};
    if (relative) {
        base = descriptor_of_directory(call, request->directory);
        if (base < 0)
            return no_lookup(proc_fallback(-base));
    }
    int fd = open_as_tracee_would(call, base, request, &missing);
    if (base >= 0)
        close(base);
    *walk = fd == -ELOOP || fd == -EACCES || fd == -ENOSYS || fd == -EAGAIN || fd == -EINVAL ||
            fd == -EXDEV || (fd == -ENOENT && request->missing);
    if (fd >= 0) {
        bool plain = !relative && !path_goes_up(request->path);
        return (struct lookup){
            .fd = fd,
            .missing = missing,
            .plain = plain,
            .never_sleeps = plain && never_sleeps(server, request->path),
        };
    }
    if (fd == -EBUSY)
        return no_lookup(FALLBACK_BUSY);
    return failed_lookup(fd);
}
