/* server.h - a thread of ours that serves stopped calls.
 * Rule: exactly one thread receives; before it makes a call that can sleep on a filesystem it steps
 * aside for another one, so that a filesystem daemon inside the wrapped tree is always served. */
#ifndef SPOOF_SERVER_H
#define SPOOF_SERVER_H

#include <stddef.h>

#include "context.h"

struct slot; /* supervisor/segment.h */
struct pidfd_cache;
struct known_thread; /* pidfd_cache.h */
struct lookup_cache;

/* Whose filesystem credentials a thread has: rights.h. */
enum rights { RIGHTS_OWN, RIGHTS_NONE, RIGHTS_OWN_USER, RIGHTS_TRACEE };

/* Who makes the call, as far as that is known without asking: identify(). */
struct identity {
    bool in_own_root;       /* the root directory, and the mounts below it, are ours */
    bool in_own_namespaces; /* ... and so are the user and pid namespaces */
};

struct server {
    const struct context *context;
    struct slot *slot; /* where the request lies; NULL if the mechanism needs none */
    bool receiving;    /* this thread is the one that receives */
    enum rights rights;
    /* Of the thread that receives; NULL: it has none. */
    struct pidfd_cache *pidfd_cache;
    struct lookup_cache *lookup_cache;
    /* Lets another thread receive, and clears `receiving`. False if none is left. */
    bool (*step_aside)(struct server *server);
    /* Of the call that is being served: */
    pid_t revalidated;          /* for this thread: identify(); or 0 */
    struct known_thread *known; /* ... and its entry, or NULL */
    struct identity identity;
    struct credentials credentials;
    bool credentials_known;
};

/* To be called when a call begins: nothing is known of it yet. */
static inline void server_begin(struct server *server) {
    server->revalidated = 0;
    server->known = NULL;
    server->identity = (struct identity){0};
    server->credentials_known = false;
}

/* Nobody in the tree may have changed root or namespaces until now (CALLS_CHANGING_ROOT). */
static inline bool server_trusts_identity(const struct server *server) {
    const _Atomic uint32_t *changed = server->context->root_changed;
    return changed && *changed == 0;
}

static inline bool server_in_own_root(const struct server *server) {
    return server->identity.in_own_root && server_trusts_identity(server);
}

static inline bool server_in_own_namespaces(const struct server *server) {
    return server->identity.in_own_namespaces && server_trusts_identity(server);
}

/* To be called before anything that can sleep on a filesystem. False: then nothing that sleeps may
 * be called. */
static inline bool server_step_aside(struct server *server) {
    return !server->receiving || server->step_aside(server);
}

#endif
