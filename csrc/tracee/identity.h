/* identity.h - who the tracee is: its root, namespaces, thread group and credentials.
 * Rule: what says `known` costs next to nothing and is false where it is not surely so;
 * revalidate() comes before it. */
#ifndef SPOOF_IDENTITY_H
#define SPOOF_IDENTITY_H

#include "server.h"

/* Are the thread's root directory, and the mounts below it, surely ours? */
bool identity_known_in_own_root(struct server *server, pid_t tid);
/* The same for its user and pid namespace. */
bool identity_known_in_own_namespaces(struct server *server, pid_t tid);
/* As above, but asked if it is not known. */
bool identity_in_own_root(struct server *server, pid_t tid);
bool identity_in_own_user_namespace(const struct context *context, pid_t tid);
/* 0: in our root; 1: in another one; -errno. */
int identity_other_root(struct server *server, pid_t tid);
/* Its thread group; 0: not known here. */
pid_t identity_known_group(struct server *server, pid_t tid);
/* Its credentials, read once for a call: a thread that is stopped cannot change them, and nobody
 * else can. NULL with an error (-errno). */
const struct credentials *identity_credentials(struct server *server, pid_t tid, int *error);

#endif
