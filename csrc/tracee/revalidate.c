/* revalidate.c - asks all that could tell of a change, in one call. */
#include "revalidate.h"

#include <errno.h>
#include <poll.h>

#include "lookup_cache.h"
#include "pidfd_cache.h"

static struct known_thread *renew(struct server *server, pid_t tid) {
    struct known_thread *known =
        server->pidfd_cache ? pidfd_cache_add(server->pidfd_cache, tid) : NULL;
    if (server->pidfd_cache && !known && errno == ENOSYS)
        server->pidfd_cache = NULL;
    return known;
}

void revalidate(struct server *server, pid_t tid) {
    struct mounts *mounts = server->context->mounts;
    if (!server->receiving || server->revalidated == tid)
        return;
    server->revalidated = tid;
    struct known_thread *known = pidfd_cache_find(server->pidfd_cache, tid);
    struct pollfd polled[] = {
        {.fd = mounts_descriptor(mounts), .events = POLLPRI},
        {.fd = known ? known->pidfd : -1, .events = POLLIN},
        {.fd = lookup_cache_descriptor(server->lookup_cache), .events = POLLIN},
    };
    if (poll(polled, 3, 0) < 0)
        polled[0].revents = polled[1].revents = POLLERR;
    if (polled[0].revents & (POLLPRI | POLLERR)) {
        mounts_read(mounts);
        lookup_cache_forget(server->lookup_cache);
    } else if (polled[2].revents) {
        lookup_cache_check(server->lookup_cache);
    }
    server->known = known && polled[1].revents == 0 ? known : renew(server, tid);
}
