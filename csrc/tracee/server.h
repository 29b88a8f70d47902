/* server.h - a thread of ours that serves stopped calls.
 * Rule: exactly one thread receives; before it makes a call that can sleep on a filesystem it steps
 * aside for another one, so that a filesystem daemon inside the wrapped tree is always served. */
#ifndef SPOOF_SERVER_H
#define SPOOF_SERVER_H

#include <stdatomic.h>
#include <stddef.h>

#include "context.h"

struct slot; /* supervisor/segment.h */
struct pidfd_cache;
struct known_thread; /* pidfd_cache.h */
struct lookup_cache;

/* Whose filesystem credentials a thread has: rights.h. */
enum rights {
    RIGHTS_OWN,
    RIGHTS_NONE,
    RIGHTS_OWN_USER,
    RIGHTS_TRACEE,
    RIGHTS_BETWEEN, /* of one and another: a change has failed half-way */
    RIGHTS_PROXY,   /* all of the tracee's, for good: proxy.h */
};

/* Who makes the call, as far as that is known without asking: identify(). */
struct identity {
    bool in_own_root;       /* the root directory, and the mounts below it, are ours */
    bool in_own_namespaces; /* ... and so are the user, pid and cgroup namespaces */
};

struct server {
    const struct context *context;
    struct slot *slot;    /* where the request lies; NULL if the mechanism needs none */
    bool receiving;       /* this thread is the one that receives */
    bool always_receives; /* and no other can: a tracer */
    enum rights rights;
    /* Of the thread that receives; NULL: it has none. */
    struct pidfd_cache *pidfd_cache;
    struct lookup_cache *lookup_cache;
    /* Lets another thread receive, and clears `receiving`. False if none is left. */
    bool (*step_aside)(struct server *server);
    _Atomic uint32_t waits;   /* odd: it waits for a tracee, or its memory; server_wait() */
    const _Atomic bool *last; /* nobody could take its place; NULL: it has none */
    /* Of the call that is being served: */
    pid_t revalidated;          /* for this thread: identify(); or 0 */
    struct known_thread *known; /* ... and its entry, or NULL */
    struct identity identity;
    struct credentials credentials;
    bool credentials_known;
    bool uses_real; /* identity_use_real(): other ids or capabilities than it has */
};

/* To be called when a call begins: nothing is known of it yet. */
static inline void server_begin(struct server *server) {
    server->revalidated = 0;
    server->known = NULL;
    server->identity = (struct identity){0};
    server->credentials_known = false;
    server->uses_real = false;
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

/* Around what waits for a tracee or its memory, which may be for ever: in the meantime another
 * thread may be made the one that receives, by setting `waits` to 0. NULL: nobody's. */
static inline void server_wait(struct server *server) {
    if (server && server->receiving)
        atomic_fetch_add(&server->waits, 1);
}

static inline void server_go_on(struct server *server) {
    if (!server || !server->receiving)
        return;
    uint32_t waits = server->waits;
    if ((waits & 1) == 0 || !atomic_compare_exchange_strong(&server->waits, &waits, waits + 1))
        server->receiving = false;
}

/* Must the thread not wait, because nobody could take its place? */
static inline bool server_is_last(const struct server *server) {
    return server && server->receiving && server->last && *server->last;
}

/* To be called before anything that can sleep on a filesystem. False: then nothing that sleeps may
 * be called. */
static inline bool server_step_aside(struct server *server) {
    return !server->receiving || server->step_aside(server);
}

#endif
