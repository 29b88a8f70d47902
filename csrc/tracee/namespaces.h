/* namespaces.h - namespaces by which the kernel shows a file of procfs to whoever reads it. */
#ifndef SPOOF_NAMESPACES_H
#define SPOOF_NAMESPACES_H

#include "stopped_call.h"

enum { NAMESPACE_CGROUP, NAMESPACE_UTS, NAMESPACE_IPC, NAMESPACE_NET, NAMESPACES };

/* Our own that were left: descriptors, or -1. */
struct namespaces_left {
    int own[NAMESPACES];
};

/* Enters those of the tracee before a file of procfs is opened and read for it: the cgroup
 * namespace alone for a mount table, and all for any other file. To be followed by
 * namespaces_leave() in any case. False: one of them cannot be entered, or it has a user or time
 * namespace of its own, which no thread can enter. */
bool namespaces_enter(struct stopped_call *call, bool all, struct namespaces_left *left);
void namespaces_leave(struct server *server, const struct namespaces_left *left);

#endif
