/* lookup.h - what a path or a descriptor of the tracee stands for, path_resolution(7).
 * Rule: nothing is opened that could block or have effects (O_PATH); the tracee's root, working
 * directory and credentials count, and links through /proc/self are its own. */
#ifndef SPOOF_LOOKUP_H
#define SPOOF_LOOKUP_H

#include "lookup_cache.h"
#include "lookup_result.h"
#include "stopped_call.h"

/* Of a path. */
struct lookup lookup_path(struct stopped_call *call, const struct lookup_request *request);
/* What is known of a path without a look, or NULL: lookup_path() it. */
const struct cached_path *lookup_recall(struct stopped_call *call,
                                        const struct lookup_request *request);
/* Of a descriptor. */
struct lookup lookup_descriptor(struct stopped_call *call, uint32_t fd);

#endif
