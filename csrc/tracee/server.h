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
    pid_t revalidated;          /* for this thread: revalidate(); or 0 */
    struct known_thread *known; /* ... and its entry, or NULL */
    struct credentials credentials;
    bool credentials_known;
};

/* To be called when a call begins: nothing is known of it yet. */
static inline void server_begin(struct server *server) {
    server->revalidated = 0;
    server->known = NULL;
    server->credentials_known = false;
}

/* To be called before anything that can sleep on a filesystem. False: then nothing that sleeps may
 * be called. */
static inline bool server_step_aside(struct server *server) {
    return !server->receiving || server->step_aside(server);
}

#endif
