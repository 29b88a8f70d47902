/* path_walk.h - resolves a path step by step, exactly as the kernel would for the tracee. */
#ifndef SPOOF_PATH_WALK_H
#define SPOOF_PATH_WALK_H

#include "lookup_result.h"
#include "procfs.h"

struct path_walk {
    struct walker walker;
    int root; /* O_PATH: the tracee's root directory */
    struct file_id root_id;
    int start;                            /* O_PATH: where a relative path begins */
    const struct lookup_request *request; /* whatever its RESOLVE_* forbid ends the walk */
};

/* The O_PATH descriptor at the end of the path, links followed. On failure fd is -1 and fallback
 * says why; FALLBACK_NONE: the kernel will find the same error. May sleep on filesystems. */
struct lookup path_walk(const struct path_walk *walk);

#endif
