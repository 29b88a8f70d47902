/* identity.h - who the tracee is: its root, namespaces, thread group, credentials and program.
 * Rule: what is known of it (struct identity) was asked once, and holds while its pidfd lives and
 * nobody in the tree may have changed root or namespaces. */
#ifndef SPOOF_IDENTITY_H
#define SPOOF_IDENTITY_H

#include "server.h"
#include "stopped_call.h"

/* To be called before the first look of a call: revalidates, and fills what can be known. Once is
 * enough. */
void identify(struct server *server, pid_t tid);
/* Is the root directory of the thread ours, with the same mounts below it? 1: yes, 0: no, or
 * -errno. */
int identity_in_own_root(struct server *server, pid_t tid);
bool identity_in_own_user_namespace(struct server *server, pid_t tid);
/* Its real ids are to count, for looks too, until the call ends (access(2)). False: not known. */
bool identity_use_real(struct stopped_call *call);
/* Its thread group; 0: not known here. */
pid_t identity_known_group(struct stopped_call *call);
/* Its credentials, read once for a call: a thread that is stopped cannot change them, and nobody
 * else can. Proved: the call is still stopped after they were read, so they are of who made it and
 * not of who has its id by now. NULL with an error (-errno). */
const struct credentials *identity_credentials(struct stopped_call *call, int *error);

#define PROGRAM_NAME 64
/* The last part of the path of the file that the thread executes, cut to fit; empty if /proc does
 * not say; false: for want of something of ours. For logs and exceptions only: a program chooses
 * its name itself. */
bool program_name(const struct context *context, pid_t tid, char name[PROGRAM_NAME]);

#endif
