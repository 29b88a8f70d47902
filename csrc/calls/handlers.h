/* handlers.h - what is done for each stopped call; one file for each, of the same name.
 * `policy` is a checked blob; what ends in _end is for a call that the kernel has answered. */
#ifndef SPOOF_HANDLERS_H
#define SPOOF_HANDLERS_H

#include "../arch/call_table.h"
#include "verdict.h"

/* What becomes of a call whose arguments could not be read, for this reason. calls.c */
struct verdict call_unread(const struct stopped_call *call, const uint8_t *policy,
                           enum fallback why);
/* statfs.c: statfs(2) and fstatfs(2) of every ABI */
struct verdict serve_statfs(struct stopped_call *call, const struct known_call *known,
                            const uint8_t *policy);
struct verdict serve_statfs_end(struct stopped_call *call, const struct known_call *known,
                                const uint8_t *policy);
/* path_call.c: stat(2), statx(2), access(2), readlink(2), truncate(2) in all their forms */
struct verdict serve_path(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy);
/* open.c: open(2), creat(2), openat(2), openat2(2) */
struct verdict serve_open(struct stopped_call *call, const struct known_call *known,
                          const uint8_t *policy);
/* statmount.c */
struct verdict serve_statmount(struct stopped_call *call, const uint8_t *policy);
/* uname.c */
struct verdict serve_uname(struct stopped_call *call, const uint8_t *policy);
struct verdict serve_uname_end(struct stopped_call *call, const uint8_t *policy);
/* sysinfo.c */
struct verdict serve_sysinfo(struct stopped_call *call, const struct known_call *known,
                             const uint8_t *policy);
struct verdict serve_sysinfo_end(struct stopped_call *call, const struct known_call *known,
                                 const uint8_t *policy);

#endif
