/* walk.h - resolves a path step by step, exactly as the kernel would for the tracee. */
#ifndef SPOOF_WALK_H
#define SPOOF_WALK_H

#include "../supervisor/server.h"
#include "tracee.h"

struct walk {
    const struct surroundings *surroundings;
    const struct credentials *credentials; /* of the tracee, worn by this thread */
    pid_t tid;
    uint64_t pid_namespace; /* of the tracee */
    struct server *server;  /* the thread that walks */
    int root;               /* O_PATH: the tracee's root directory */
    struct place root_place;
    int start;        /* O_PATH: where a relative path begins */
    bool no_follow;   /* a link at the end is the end */
    char *missing;    /* as in struct look_request */
    uint64_t resolve; /* RESOLVE_* of openat2(2): whatever they forbid ends the walk */
};

/* The O_PATH descriptor at the end of `path`, links followed. On failure fd is -1 and fallback
 * says why; FALLBACK_NONE: the kernel will find the same error. May sleep on filesystems. */
struct look walk_path(const struct walk *walk, const char *path);

/* For what the tracee may do with its own entries in /proc, and we only as ourselves; and back. A
 * thread that cannot change its identity ends the process. */
void walk_as_ourselves(const struct walk *walk);
void walk_as_tracee(const struct walk *walk);

#endif
