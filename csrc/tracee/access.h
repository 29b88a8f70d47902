/* access.h - what the tracee may do with a file that was found for it, and whose it is to its eyes.
 */
#ifndef SPOOF_ACCESS_H
#define SPOOF_ACCESS_H

#include <sys/stat.h>

#include "stopped_call.h"

/* Opens what was found with these flags, with the rights of the tracee. May sleep. The descriptor
 * (O_CLOEXEC), or -errno; -EBUSY if nobody could take the receiver's place, -EPERM if the tracee's
 * credentials cannot be taken on. */
int access_open(struct stopped_call *call, int fd, int flags);
/* The same for a file in memory or on procfs, where nothing sleeps. */
int access_open_at_once(struct stopped_call *call, int fd, int flags);

/* What access(2) says of the file behind `fd`, or of one that is like `invented` if that is not
 * NULL, to the tracee's real ids, or to its effective ones: 0 or -errno; -EAGAIN: it cannot be
 * told. May sleep where the filesystem of the file does. */
int access_check(struct stopped_call *call, int fd, const struct stat *invented, int mode,
                 bool effective);

/* Owner and group as the tracee's user namespace numbers them. False: that cannot be told. */
bool access_map_owner(struct stopped_call *call, uint32_t *uid, uint32_t *gid);

#endif
