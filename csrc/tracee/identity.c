/* identity.c - asks /proc who the tracee is: root, namespaces, thread group, credentials, program.
 * Rule: each is asked once for a call, and proved; what was found for a thread is used for that
 * thread alone. What restricts it, and what a descriptor is, is asked elsewhere (restricted.c,
 * opener.c, descriptor.c). */
#include "identity.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "lookup_cache.h"
#include "pidfd_cache.h"

/* Is this the root directory of a thread that has our root, with the same mounts below it? */
static bool is_own_root(const struct context *context, pid_t tid, const struct file_id *root) {
    if (!file_id_equal(root, &context->root))
        return false;
    /* The same directory can be the root of two namespaces with other mounts below it. */
    return root->mount != 0 || namespace_of(context->proc, tid, "mnt") == context->mount_namespace;
}

static int look_at_root(const struct context *context, pid_t tid) {
    char name[64];
    struct file_id root;
    snprintf(name, sizeof name, "%d/root", tid);
    int error = file_id_read(context->proc, name, &root);
    return error != 0 ? error : is_own_root(context, tid, &root);
}

/* Is it ours? 1, 0, or -ENOMEM: that cannot be found out just now. */
static int look_at_user_namespace(const struct context *context, pid_t tid) {
    errno = 0;
    uint64_t namespace = namespace_of(context->proc, tid, "user");
    if (namespace == 0 && error_is_ours(errno))
        return -ENOMEM;
    if (namespace != 0 || context->user_namespace != 0)
        return namespace == context->user_namespace;
    /* Not to be told apart by number: by whom it maps. A copy of our own map gives no more power
     * over files than ours. */
    return namespace_maps_equal(context->proc, tid, getpid());
}

static bool look_at_namespaces(const struct context *context, pid_t tid) {
    return context->pid_namespace != 0 &&
           namespace_of(context->proc, tid, "pid") == context->pid_namespace &&
           namespace_of(context->proc, tid, "cgroup") == context->cgroup_namespace &&
           look_at_user_namespace(context, tid) == 1;
}

static struct known_thread *renew(struct server *server, pid_t tid) {
    struct known_thread *known =
        server->pidfd_cache ? pidfd_cache_add(server->pidfd_cache, tid) : NULL;
    if (server->pidfd_cache && !known && errno == ENOSYS)
        server->pidfd_cache = NULL;
    return known;
}

/* All that could tell of a change is asked in one call. */
static void revalidate(struct server *server, pid_t tid) {
    struct mounts *mounts = server->context->mounts;
    server->revalidated = tid;
    struct known_thread *known = pidfd_cache_find(server->pidfd_cache, tid);
    struct pollfd polled[] = {
        {.fd = mounts_descriptor(mounts), .events = POLLPRI},
        {.fd = known ? known->pidfd : -1, .events = POLLIN},
        {.fd = lookup_cache_descriptor(server->lookup_cache), .events = POLLIN},
    };
    if (poll(polled, 3, 0) < 0)
        polled[0].revents = polled[1].revents = POLLERR;
    if ((polled[0].revents & (POLLPRI | POLLERR)) || mounts_are_unknown(mounts)) {
        mounts_read(mounts);
        lookup_cache_forget(server->lookup_cache);
    } else if (polled[2].revents) {
        lookup_cache_check(server->lookup_cache);
    }
    server->known = known && polled[1].revents == 0 ? known : renew(server, tid);
}

void identify(struct server *server, pid_t tid) {
    if (!server->receiving || server->revalidated == tid)
        return;
    revalidate(server, tid);
    struct known_thread *known = server->known;
    if (!known || !server_trusts_identity(server))
        return;
    if (!known->in_own_root)
        known->in_own_root = look_at_root(server->context, tid) == 1;
    if (known->in_own_root && !known->namespaces_asked) {
        known->namespaces_asked = true;
        known->in_own_namespaces = look_at_namespaces(server->context, tid);
    }
    server->identity = (struct identity){known->in_own_root, known->in_own_namespaces};
}

int identity_in_own_root(struct server *server, pid_t tid) {
    return server_in_own_root(server) ? 1 : look_at_root(server->context, tid);
}

bool identity_in_own_user_namespace(struct server *server, pid_t tid) {
    return server_in_own_namespaces(server) || look_at_user_namespace(server->context, tid) == 1;
}

const struct credentials *identity_credentials(struct stopped_call *call, int *error) {
    struct server *server = call->server;
    struct credentials *credentials = &server->credentials;
    *error = 0;
    if (server->credentials_known)
        return credentials;
    *error = credentials_read(server->context->proc, call->tid, credentials);
    if (*error == 0) {
        /* Looked at each time: what was known may have changed by a call that is not stopped (of
         * 32-bit ARM), and with our capabilities a file would be opened for nobody. */
        const int same = look_at_user_namespace(server->context, call->tid);
        credentials->same_user_namespace = same == 1;
        *error = same < 0 ? same : call->mechanism->still_stopped(call) ? 0 : -ESRCH;
    }
    server->credentials_known = *error == 0;
    return *error == 0 ? credentials : NULL;
}

/* As the kernel makes them for access(2), credentials(7): by the real ids, and with the
 * capabilities that root of the namespace would have. */
static void make_real(struct credentials *credentials) {
    credentials->fsuid = credentials->uid;
    credentials->fsgid = credentials->gid;
    if (credentials->same_user_namespace)
        credentials->effective = credentials->uid == 0 ? credentials->permitted : 0;
    else
        credentials->effective = credentials->permitted; /* who is root there is not known */
}

bool identity_use_real(struct stopped_call *call) {
    struct server *server = call->server;
    int error;
    if (!identity_credentials(call, &error))
        return false;
    const struct credentials before = server->credentials;
    make_real(&server->credentials);
    server->uses_real = before.fsuid != server->credentials.fsuid ||
                        before.fsgid != server->credentials.fsgid ||
                        before.effective != server->credentials.effective;
    return true;
}

pid_t identity_known_group(struct stopped_call *call) {
    struct server *server = call->server;
    const pid_t tid = call->tid;
    struct known_thread *known = server->receiving ? server->known : NULL;
    int error;
    if (!known || known->tgid != 0)
        return known ? known->tgid : 0;
    /* Quicker than to read its status. */
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, 0);
    if (pidfd >= 0) {
        close(pidfd);
        return known->tgid = tid;
    }
    const struct credentials *credentials = identity_credentials(call, &error);
    return known->tgid = credentials ? credentials->tgid : 0;
}

bool program_name(const struct context *context, pid_t tid, char name[PROGRAM_NAME]) {
    char entry[64], path[4096];
    snprintf(entry, sizeof entry, "%d/exe", tid);
    ssize_t length = readlinkat(context->proc, entry, path, sizeof path - 1);
    const bool known = length >= 0 || !error_is_ours(errno);
    path[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(path, '/');
    snprintf(name, PROGRAM_NAME, "%.*s", PROGRAM_NAME - 1, slash ? slash + 1 : path);
    return known;
}
