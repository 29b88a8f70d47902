/* rights.h - what the tracee may do with a file that was found for it, and whose it is to its eyes.
 */
#ifndef SPOOF_RIGHTS_H
#define SPOOF_RIGHTS_H

#include <sys/stat.h>

#include "tracee.h"

/* What access(2) says of the file behind `fd`, or of one that is like `invented` if that is not
 * NULL, to the tracee's real ids, or to its effective ones: 0 or -errno; -EAGAIN: it cannot be
 * told. May sleep where the filesystem of the file does. */
int rights_access(struct stopped_call *call, int fd, const struct stat *invented, int mode,
                  bool effective);

/* Owner and group as the tracee's user namespace numbers them. False: that cannot be told. */
bool rights_map_owner(struct stopped_call *call, uint32_t *uid, uint32_t *gid);

#endif
