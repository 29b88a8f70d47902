/* access.h - what the tracee may do with a file that was found for it, and whose it is to its eyes.
 */
#ifndef SPOOF_ACCESS_H
#define SPOOF_ACCESS_H

#include <sys/stat.h>

#include "fallback.h"
#include "stopped_call.h"

/* Why the program's own open would tell nothing: no errno, which are above -4096. */
#define ACCESS_BUSY                                                                                \
    (-5000) /* nobody could take the receiver's place, or we are short of something */
#define ACCESS_NO_RIGHTS (-5001)  /* the tracee's credentials cannot be taken on, or it is gone */
#define ACCESS_RESTRICTED (-5002) /* it may be under Landlock */
#define ACCESS_OTHER (-5003)      /* another cgroup, namespace or label than ours decides */

/* Is it one of them? *why: the fallback that it is. */
static inline bool access_failed(int fd, enum fallback *why) {
    *why = fd == ACCESS_BUSY         ? FALLBACK_BUSY
           : fd == ACCESS_RESTRICTED ? FALLBACK_RESTRICTED
           : fd == ACCESS_OTHER      ? FALLBACK_OTHER
                                     : FALLBACK_CREDENTIALS;
    return fd == ACCESS_BUSY || fd == ACCESS_NO_RIGHTS || fd == ACCESS_RESTRICTED ||
           fd == ACCESS_OTHER;
}

/* Opens what was found with these flags, with the rights of the tracee. May sleep. The descriptor
 * (O_CLOEXEC), -errno of the file, or one of the above. */
int access_open(struct stopped_call *call, int fd, int flags);
/* The same for a mount table, where nothing sleeps, and what it tells does not depend on who asks.
 */
int access_open_table(struct stopped_call *call, int fd);
/* The same for a file of ours in memory, which nothing restricts. */
int access_open_own(struct stopped_call *call, int fd, int flags);

/* What access(2) says of the file behind `fd`, or of one that is like `invented` if that is not
 * NULL, to the tracee's effective ids, or its real ones (identity_use_real()): 0 or -errno;
 * -EAGAIN: it cannot be told. May sleep where the filesystem of the file does. */
int access_check(struct stopped_call *call, int fd, const struct stat *invented, int mode);

/* Owner and group as the tracee's user namespace numbers them. False: that cannot be told. */
bool access_map_owner(struct stopped_call *call, uint32_t *uid, uint32_t *gid);

#endif
