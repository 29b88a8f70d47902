/* lookup_cache.c - what of looks can be used again, and for how long.
 * Rule: watched first, then looked up, then used: a change is told of from the moment it was made,
 * and the receiving thread asks for it (identify()) before it uses anything. */
#include "lookup_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "path_text.h"
#include "rights.h"

#define PATHS 16U /* a power of two */
#define LENGTH_MAX 512U
#define DEPTH_MAX 24
/* So many looks of a path in a row are made before the next one is remembered, twice as many after
 * each change, up to a limit: where there is always a change it costs next to nothing. */
#define FIRST_PATIENCE 16U
#define MOST_PATIENCE 4096U

/* Of a directory: who may search it, what its names stand for, and that it stays where it is. */
#define WATCHED                                                                                    \
    (IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |            \
     IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW)

enum state { LOOKED_UP, IS_WATCHED, IS_KNOWN };

struct entry {
    enum state state;
    unsigned looks;
    bool no_follow;
    struct cached_path known;
    int watches[DEPTH_MAX]; /* of its directories, the root first */
    char path[LENGTH_MAX];
};

struct lookup_cache {
    int inotify;
    unsigned patience;
    unsigned in_use; /* entries that are watched or known */
    struct entry entries[PATHS];
};

struct lookup_cache *lookup_cache_new(void) {
    struct lookup_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->inotify = -1; /* users may have few of them, so it is made when it is needed */
    cache->patience = FIRST_PATIENCE;
    return cache;
}

int lookup_cache_descriptor(const struct lookup_cache *cache) {
    return cache && cache->in_use > 0 ? cache->inotify : -1;
}

/* ---- what ends it ---- */

static bool concerns_entry(const struct entry *entry, const struct inotify_event *event) {
    const char *name = entry->path;
    size_t length = 0;
    if (entry->state == LOOKED_UP)
        return false;
    for (int depth = 0; depth < DEPTH_MAX && (name = path_next_name(name, &length)); depth++)
        if (entry->watches[depth] == event->wd &&
            (event->len == 0 ||
             (strncmp(event->name, name, length) == 0 && event->name[length] == '\0')))
            return true;
    return false;
}

static bool concerns(const struct lookup_cache *cache, const struct inotify_event *event) {
    const uint32_t whole = IN_Q_OVERFLOW | IN_UNMOUNT | IN_IGNORED;
    if (event->mask & whole)
        return true;
    for (unsigned i = 0; i < PATHS; i++)
        if (concerns_entry(&cache->entries[i], event))
            return true;
    return false;
}

/* Reads all events. Was one of them about what is remembered? */
static bool read_events(const struct lookup_cache *cache) {
    _Alignas(struct inotify_event) char events[4096];
    bool found = false;
    ssize_t got;
    while ((got = read(cache->inotify, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < got && !found;) {
            const struct inotify_event *event = (const void *)(events + at);
            found = concerns(cache, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return found || (got < 0 && errno != EAGAIN);
}

void lookup_cache_forget(struct lookup_cache *cache) {
    if (!cache || cache->in_use == 0)
        return;
    for (unsigned i = 0; i < PATHS; i++) {
        struct entry *entry = &cache->entries[i];
        if (entry->state != LOOKED_UP)
            for (int depth = 0; depth < DEPTH_MAX && entry->watches[depth] > 0; depth++)
                inotify_rm_watch(cache->inotify, entry->watches[depth]);
        entry->state = LOOKED_UP;
        entry->looks = 0;
        entry->known = (struct cached_path){0};
    }
    cache->in_use = 0;
    read_events(cache); /* that the watches have ended, and what came before */
    if (cache->patience < MOST_PATIENCE)
        cache->patience *= 2;
}

void lookup_cache_check(struct lookup_cache *cache) {
    if (read_events(cache))
        lookup_cache_forget(cache);
}

/* ---- what is remembered ---- */

static struct entry *entry_of(struct lookup_cache *cache, const struct lookup_request *request) {
    uint32_t hash = path_hash(request->path);
    return &cache->entries[(hash ^ hash >> 16) & (PATHS - 1)];
}

static bool is_about(const struct entry *entry, const struct lookup_request *request) {
    return entry->no_follow == request->no_follow && strcmp(entry->path, request->path) == 0;
}

/* A path whose every change inotify tells, by the thread that hears of it. */
static bool can_be_remembered(const struct stopped_call *call,
                              const struct lookup_request *request) {
    const struct server *server = call->server;
    return server->receiving && server->lookup_cache && !server->uses_real &&
           request->path[0] == '/' && request->resolve == 0;
}

/* Nobody is kept out of where nobody (or this very user) was let in, but for an owner or a group
 * (fast_path.c); who may search every directory is not kept out at all. */
static bool is_let_in(struct stopped_call *call) {
    switch (call->server->context->proof) {
    case PROOF_UNPRIVILEGED:
        return credentials_search_all(call->tid) && server_in_own_namespaces(call->server);
    case PROOF_SAME_USER:
        return true;
    case PROOF_BY_WALKING:
    case PROOF_COMPARE:
        break;
    }
    return false;
}

const struct cached_path *lookup_cache_find(struct stopped_call *call,
                                            const struct lookup_request *request) {
    struct server *server = call->server;
    if (!can_be_remembered(call, request) || server->lookup_cache->in_use == 0)
        return NULL;
    const struct entry *entry = entry_of(server->lookup_cache, request);
    return entry->state == IS_KNOWN && is_about(entry, request) && server_in_own_root(server) &&
                   is_let_in(call)
               ? &entry->known
               : NULL;
}

/* From the root downwards, so that what changes while the next one is reached is told of. */
static bool watch(struct lookup_cache *cache, struct entry *entry) {
    char directory[LENGTH_MAX] = "/";
    const char *name = entry->path;
    size_t length = 0;
    memset(entry->watches, 0, sizeof entry->watches);
    if (cache->inotify < 0)
        cache->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (cache->inotify < 0)
        return false;
    for (int depth = 0; (name = path_next_name(name, &length)); depth++) {
        if (depth == DEPTH_MAX)
            return false;
        entry->watches[depth] = inotify_add_watch(cache->inotify, directory, WATCHED);
        if (entry->watches[depth] <= 0)
            return false;
        memcpy(directory, entry->path, (size_t)(name - entry->path) + length);
        directory[(size_t)(name - entry->path) + length] = '\0';
    }
    return true;
}

static void begin_to_watch(struct server *server, struct entry *entry) {
    struct lookup_cache *cache = server->lookup_cache;
    rights_must_own_user(server); /* who watches a directory has to be able to read it */
    bool watched = watch(cache, entry);
    rights_must_usual(server);
    entry->state = IS_WATCHED;
    cache->in_use++;
    if (!watched)
        lookup_cache_forget(cache); /* all: their watches may be the same */
}

static void begin_anew(struct lookup_cache *cache, struct entry *entry,
                       const struct lookup_request *request) {
    if (entry->state != LOOKED_UP)
        lookup_cache_forget(cache);
    entry->looks = 0;
    entry->no_follow = request->no_follow;
    memcpy(entry->path, request->path, strlen(request->path) + 1);
}

void lookup_cache_note(struct stopped_call *call, const struct lookup_request *request,
                       const struct lookup *lookup, uint64_t filesystem) {
    if (!can_be_remembered(call, request) || strlen(request->path) >= LENGTH_MAX ||
        !lookup->never_sleeps)
        return;
    struct lookup_cache *cache = call->server->lookup_cache;
    struct entry *entry = entry_of(cache, request);
    if (!is_about(entry, request))
        begin_anew(cache, entry, request);
    if (entry->state == LOOKED_UP) {
        if (++entry->looks >= cache->patience &&
            mounts_path_tells_changes(call->server->context->mounts, request->path))
            begin_to_watch(call->server, entry);
        return;
    }
    entry->state = IS_KNOWN;
    entry->known.missing = lookup->missing;
    if (filesystem != 0)
        entry->known.filesystem = filesystem;
}
