/* remembered.c - what of looks can be used again, and for how long.
 * Rule: watched first, then looked up, then used: a change is told of from the moment it was made,
 * and the receiving thread asks for it (acquaintance_refresh()) before it uses anything. */
#include "remembered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../supervisor/server.h"
#include "acquaintances.h"
#include "mounts.h"

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
    struct remembered_path known;
    int watches[DEPTH_MAX]; /* of its directories, the root first */
    char path[LENGTH_MAX];
};

struct remembered {
    int inotify;
    unsigned patience;
    unsigned in_use; /* entries that are watched or known */
    struct entry entries[PATHS];
};

struct remembered *remembered_new(void) {
    struct remembered *remembered = calloc(1, sizeof *remembered);
    if (!remembered)
        return NULL;
    remembered->inotify = -1; /* users may have few of them, so it is made when it is needed */
    remembered->patience = FIRST_PATIENCE;
    return remembered;
}

int remembered_descriptor(const struct remembered *remembered) {
    return remembered && remembered->in_use > 0 ? remembered->inotify : -1;
}

/* ---- what ends it ---- */

/* The directories' names of a path, one after the other; NULL: there is no further one. */
static const char *next_name(const char *name, size_t *length) {
    name += *length;
    name += *name == '/';
    *length = strcspn(name, "/");
    return *length > 0 ? name : NULL;
}

static bool concerns_entry(const struct entry *entry, const struct inotify_event *event) {
    const char *name = entry->path;
    size_t length = 0;
    if (entry->state == LOOKED_UP)
        return false;
    for (int depth = 0; depth < DEPTH_MAX && (name = next_name(name, &length)); depth++)
        if (entry->watches[depth] == event->wd &&
            (event->len == 0 ||
             (strncmp(event->name, name, length) == 0 && event->name[length] == '\0')))
            return true;
    return false;
}

static bool concerns(const struct remembered *remembered, const struct inotify_event *event) {
    const uint32_t whole = IN_Q_OVERFLOW | IN_UNMOUNT | IN_IGNORED;
    if (event->mask & whole)
        return true;
    for (unsigned i = 0; i < PATHS; i++)
        if (concerns_entry(&remembered->entries[i], event))
            return true;
    return false;
}

/* Reads all events. Was one of them about what is remembered? */
static bool read_events(const struct remembered *remembered) {
    _Alignas(struct inotify_event) char events[4096];
    bool found = false;
    ssize_t got;
    while ((got = read(remembered->inotify, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < got && !found;) {
            const struct inotify_event *event = (const void *)(events + at);
            found = concerns(remembered, event);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
    return found || (got < 0 && errno != EAGAIN);
}

void remembered_forget(struct remembered *remembered) {
    if (!remembered || remembered->in_use == 0)
        return;
    for (unsigned i = 0; i < PATHS; i++) {
        struct entry *entry = &remembered->entries[i];
        if (entry->state != LOOKED_UP)
            for (int depth = 0; depth < DEPTH_MAX && entry->watches[depth] > 0; depth++)
                inotify_rm_watch(remembered->inotify, entry->watches[depth]);
        entry->state = LOOKED_UP;
        entry->looks = 0;
        entry->known = (struct remembered_path){0};
    }
    remembered->in_use = 0;
    read_events(remembered); /* that the watches have ended, and what came before */
    if (remembered->patience < MOST_PATIENCE)
        remembered->patience *= 2;
}

void remembered_check(struct remembered *remembered) {
    if (read_events(remembered))
        remembered_forget(remembered);
}

/* ---- what is remembered ---- */

static struct entry *entry_of(struct remembered *remembered, const struct look_request *request) {
    uint32_t hash = path_hash(request->path);
    return &remembered->entries[(hash ^ hash >> 16) & (PATHS - 1)];
}

static bool is_about(const struct entry *entry, const struct look_request *request) {
    return entry->no_follow == request->no_follow && strcmp(entry->path, request->path) == 0;
}

/* A path whose every change inotify tells, by the thread that hears of it. */
static bool can_be_remembered(const struct stopped_call *call, const struct look_request *request) {
    const struct server *server = call->server;
    return server->receiving && server->remembered && request->path[0] == '/' &&
           request->resolve == 0;
}

/* Nobody is kept out of where nobody (or this very user) was let in, but for an owner or a group
 * (quick.c); who may search every directory is not kept out at all. */
static bool is_let_in(struct stopped_call *call) {
    switch (server_surroundings(call->server)->proof) {
    case PROOF_AS_NOBODY:
        return credentials_search_all(call->tid) &&
               acquaintance_is_in_our_namespaces(call->server, call->tid);
    case PROOF_SAME_USER:
        return true;
    case PROOF_BY_WALKING:
    case PROOF_COMPARE:
        break;
    }
    return false;
}

const struct remembered_path *remembered_find(struct stopped_call *call,
                                              const struct look_request *request) {
    struct server *server = call->server;
    if (!can_be_remembered(call, request) || server->remembered->in_use == 0)
        return NULL;
    const struct entry *entry = entry_of(server->remembered, request);
    if (entry->state != IS_KNOWN || !is_about(entry, request))
        return NULL;
    acquaintance_refresh(server, call->tid);
    /* Which may have forgotten it. */
    return entry->state == IS_KNOWN && acquaintance_is_in_our_root(server, call->tid) &&
                   is_let_in(call)
               ? &entry->known
               : NULL;
}

/* From the root downwards, so that what changes while the next one is reached is told of. */
static bool watch(struct remembered *remembered, struct entry *entry) {
    char directory[LENGTH_MAX] = "/";
    const char *name = entry->path;
    size_t length = 0;
    memset(entry->watches, 0, sizeof entry->watches);
    if (remembered->inotify < 0)
        remembered->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (remembered->inotify < 0)
        return false;
    for (int depth = 0; (name = next_name(name, &length)); depth++) {
        if (depth == DEPTH_MAX)
            return false;
        entry->watches[depth] = inotify_add_watch(remembered->inotify, directory, WATCHED);
        if (entry->watches[depth] <= 0)
            return false;
        memcpy(directory, entry->path, (size_t)(name - entry->path) + length);
        directory[(size_t)(name - entry->path) + length] = '\0';
    }
    return true;
}

static void begin_to_watch(struct server *server, struct entry *entry) {
    struct remembered *remembered = server->remembered;
    act_as_owner(server); /* who watches a directory has to be able to read it */
    bool watched = watch(remembered, entry);
    act_as_usual(server);
    entry->state = IS_WATCHED;
    remembered->in_use++;
    if (!watched)
        remembered_forget(remembered); /* all: their watches may be the same */
}

static void begin_anew(struct remembered *remembered, struct entry *entry,
                       const struct look_request *request) {
    if (entry->state != LOOKED_UP)
        remembered_forget(remembered);
    entry->looks = 0;
    entry->no_follow = request->no_follow;
    memcpy(entry->path, request->path, strlen(request->path) + 1);
}

void remembered_note(struct stopped_call *call, const struct look_request *request,
                     const struct look *look, uint64_t filesystem) {
    if (!can_be_remembered(call, request) || strlen(request->path) >= LENGTH_MAX || !look->quick)
        return;
    struct remembered *remembered = call->server->remembered;
    struct entry *entry = entry_of(remembered, request);
    if (!is_about(entry, request))
        begin_anew(remembered, entry, request);
    if (entry->state == LOOKED_UP) {
        if (++entry->looks >= remembered->patience &&
            mounts_path_tells_changes(server_surroundings(call->server)->mounts, request->path))
            begin_to_watch(call->server, entry);
        return;
    }
    entry->state = IS_KNOWN;
    entry->known.missing = look->missing;
    if (filesystem != 0)
        entry->known.filesystem = filesystem;
}
