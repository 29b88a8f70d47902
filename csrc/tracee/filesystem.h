/* filesystem.h - on which filesystem what was found lies. */
#ifndef SPOOF_FILESYSTEM_H
#define SPOOF_FILESYSTEM_H

#include "lookup_result.h"
#include "stopped_call.h"

struct k_statfs;

/* fstatfs of a lookup; may wait for a filesystem, so it steps aside first where that can happen.
 * 0, or -errno; -EBUSY if nobody could take the receiver's place. *in_memory (or NULL): it may be a
 * file made by memfd_create(2). */
int filesystem_of(struct stopped_call *call, const struct lookup *lookup, struct k_statfs *info,
                  bool *in_memory);
/* May a descriptor of the tracee be one of a file made by memfd_create(2)? */
bool filesystem_may_be_memory(struct stopped_call *call, int fd);

#endif
