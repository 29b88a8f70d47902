/* match.h - the matcher: which rule of a compiled policy answers a call.
 * Rule: freestanding. match.c calls nothing but itself, allocates nothing, and its time is bounded,
 * so that it can run anywhere, later inside the tracee itself. */
#ifndef SPOOF_MATCH_H
#define SPOOF_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "blob.h"

/* Does the glob match all of `path`? Both are NUL-terminated bytes. `*` and `?` stop at a slash,
 * `**` does not, a trailing slash-`**` also matches the directory itself; `\` takes the next byte
 * as it is. Time: length of glob times length of path at most. */
bool glob_match(const char *glob, const char *path);

enum match_result {
    MATCH_NONE,       /* no rule: let the call run */
    MATCH_FOUND,      /* *rule answers */
    MATCH_NEEDS_PATH, /* path was NULL, and the answer depends on it */
};

/* Which rule answers statfs on a filesystem of `type`; `path` is absolute and resolved, or NULL if
 * not looked up (yet). `blob` must have passed blob_check(). */
enum match_result match_statfs(const uint8_t *blob, uint64_t type, const char *path,
                               uint32_t *rule);

#endif
