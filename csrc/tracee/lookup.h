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

struct k_statfs;

/* fstatfs of a lookup; may wait for a filesystem, so it steps aside first where that can happen.
 * 0, or -errno; -EBUSY if nobody could take the receiver's place. *in_memory (or NULL): it may be a
 * file made by memfd_create(2). */
int filesystem_of(struct stopped_call *call, const struct lookup *lookup, struct k_statfs *info,
                  bool *in_memory);
/* May a descriptor of the tracee be one of a file made by memfd_create(2)? */
bool filesystem_may_be_memory(struct stopped_call *call, int fd);

#endif
