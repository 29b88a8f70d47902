/* opener.h - what an open depends on besides users, groups and capabilities: who it is that opens.
 */
#ifndef SPOOF_OPENER_H
#define SPOOF_OPENER_H

#include <stdbool.h>

#include "stopped_call.h"

/* Would the kernel open what was found here for the tracee just as it does for us, with the
 * tracee's credentials taken on? It asks who opens, not with whose rights: for the cgroup of
 * devices, for namespaces, and for the label of a security module. To be called with our own rights
 * or none. */
bool opener_is_alike(struct stopped_call *call, int fd, bool writes);

#endif
