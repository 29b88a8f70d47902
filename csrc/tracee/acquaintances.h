/* acquaintances.h - threads of the wrapped tree that were looked at before, so that what holds for
 * long is not asked again for each of their calls.
 * Rule: used again only while a pidfd says that the thread lives, and nobody in the tree has
 * departed from the root and namespaces it began in (CALLS_OF_DEPARTURE). */
#ifndef SPOOF_ACQUAINTANCES_H
#define SPOOF_ACQUAINTANCES_H

#include "../supervisor/server.h"

#define ACQUAINTANCES 64 /* a power of two; one descriptor each */

struct acquaintance {
    pid_t tid; /* 0: free */
    int pidfd;
    pid_t tgid;                          /* 0: not known yet */
    bool in_our_root, in_our_namespaces; /* found out to be so */
};

/* Only the thread that receives uses it, so it needs no lock. */
struct acquaintances {
    struct acquaintance entries[ACQUAINTANCES];
};

/* To be called by the thread that receives before the first look of a call: sees to it that the
 * table of mounts is current and that nothing is remembered that has changed, and finds out whether
 * it knows who makes the call. Once is enough. */
void acquaintance_refresh(struct server *server, pid_t tid);
/* Are the thread's root directory, and the mounts below it, surely ours? False: not known here. */
bool acquaintance_is_in_our_root(struct server *server, pid_t tid);
/* The same for its user and pid namespace. */
bool acquaintance_is_in_our_namespaces(struct server *server, pid_t tid);
/* Its thread group; 0: not known here. */
pid_t acquaintance_group(struct server *server, pid_t tid);
/* A copy (O_CLOEXEC) of a descriptor of the thread, or -errno: -EBADF if it has none of that
 * number, -ENOSYS if that cannot be found out so. Closing it may sleep as close(2) does. */
int acquaintance_descriptor(struct server *server, pid_t tid, int fd);

#endif
