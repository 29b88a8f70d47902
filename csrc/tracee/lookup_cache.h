/* lookup_cache.h - paths that were looked up before, and would be found just as they were.
 * Rule: only on filesystems that tell of every change (inotify(7)), only for who was kept out of no
 * directory, and only until the first sign of a change of one of the directories or of mounts. */
#ifndef SPOOF_LOOKUP_CACHE_H
#define SPOOF_LOOKUP_CACHE_H

#include "lookup_result.h"
#include "server.h"
#include "stopped_call.h"

struct lookup_cache;

/* What is known of a path, which is its own name: no look has to be made. */
struct cached_path {
    bool missing;        /* its directory is there, and it is not */
    uint64_t filesystem; /* the type on which it lies, or would; 0: nobody has asked */
};

/* Room for the thread that receives; NULL: nothing is ever remembered. */
struct lookup_cache *lookup_cache_new(void);
/* For poll(2): readable once something has changed. -1: nothing is remembered now. */
int lookup_cache_descriptor(const struct lookup_cache *cache);
/* Something may have changed. */
void lookup_cache_check(struct lookup_cache *cache);
/* Mounts have changed. */
void lookup_cache_forget(struct lookup_cache *cache);

/* NULL: it has to be looked up. Valid until the next call of one of these. */
const struct cached_path *lookup_cache_find(struct stopped_call *call,
                                            const struct lookup_request *request);
/* What a look has found in this very call, by its plain path; `path` says it. After some looks it
 * will be remembered. */
void lookup_cache_note(struct stopped_call *call, const struct lookup_request *request,
                       const struct lookup *lookup, uint64_t filesystem);

#endif
