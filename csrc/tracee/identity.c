/* identity.c - who the tracee is, asked once and then known as long as its pidfd lives.
 * Rule: known only while nobody in the tree may have changed root or namespaces
 * (CALLS_CHANGING_ROOT). */
#include "identity.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "namespace.h"
#include "pidfd_cache.h"

/* Is this the root directory of a thread that has our root, with the same mounts below it? */
static bool is_own_root(const struct context *context, pid_t tid, const struct file_id *root) {
    if (!file_id_equal(root, &context->root))
        return false;
    /* The same directory can be the root of two namespaces with other mounts below it. */
    return root->mount != 0 || namespace_of(context->proc, tid, "mnt") == context->mount_namespace;
}

static int other_root(const struct context *context, pid_t tid) {
    char name[64];
    struct file_id root;
    snprintf(name, sizeof name, "%d/root", tid);
    int error = file_id_read(context->proc, name, &root);
    return error != 0 ? error : !is_own_root(context, tid, &root);
}

static struct known_thread *known_thread(const struct server *server, pid_t tid) {
    return server->receiving && server->revalidated == tid ? server->known : NULL;
}

/* NULL also if somebody has changed root: then only a look tells who is still here. */
static struct known_thread *known_thread_here(const struct server *server, pid_t tid) {
    _Atomic uint32_t *changed = server->context->root_changed;
    return changed && *changed == 0 ? known_thread(server, tid) : NULL;
}

bool identity_known_in_own_root(struct server *server, pid_t tid) {
    struct known_thread *known = known_thread_here(server, tid);
    if (known && !known->in_own_root)
        known->in_own_root = other_root(server->context, tid) == 0;
    return known && known->in_own_root;
}

bool identity_known_in_own_namespaces(struct server *server, pid_t tid) {
    const struct context *context = server->context;
    struct known_thread *known = known_thread_here(server, tid);
    if (known && !known->in_own_namespaces)
        known->in_own_namespaces =
            context->pid_namespace != 0 &&
            namespace_of(context->proc, tid, "pid") == context->pid_namespace &&
            identity_in_own_user_namespace(context, tid);
    return known && known->in_own_namespaces;
}

int identity_other_root(struct server *server, pid_t tid) {
    return identity_known_in_own_root(server, tid) ? 0 : other_root(server->context, tid);
}

bool identity_in_own_root(struct server *server, pid_t tid) {
    return identity_other_root(server, tid) == 0;
}

bool identity_in_own_user_namespace(const struct context *context, pid_t tid) {
    uint64_t namespace = namespace_of(context->proc, tid, "user");
    if (namespace != 0 || context->user_namespace != 0)
        return namespace == context->user_namespace;
    /* Not to be told apart by number: by whom it maps. A copy of our own map gives no more power
     * over files than ours. */
    return namespace_maps_equal(context->proc, tid, getpid());
}

const struct credentials *identity_credentials(struct server *server, pid_t tid, int *error) {
    struct credentials *credentials = &server->credentials;
    *error = 0;
    if (server->credentials_known)
        return credentials;
    *error = credentials_read(server->context->proc, tid, credentials);
    if (*error != 0)
        return NULL;
    credentials->same_user_namespace = identity_in_own_user_namespace(server->context, tid);
    server->credentials_known = true;
    return credentials;
}

pid_t identity_known_group(struct server *server, pid_t tid) {
    struct known_thread *known = known_thread(server, tid);
    int error;
    if (!known || known->tgid != 0)
        return known ? known->tgid : 0;
    /* Quicker than to read its status. */
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, 0);
    if (pidfd >= 0) {
        close(pidfd);
        return known->tgid = tid;
    }
    const struct credentials *credentials = identity_credentials(server, tid, &error);
    return known->tgid = credentials ? credentials->tgid : 0;
}
