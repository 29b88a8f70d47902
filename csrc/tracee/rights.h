/* rights.h - with whose rights a thread of ours acts on files.
 * Rule: between two calls it has the rights that rights_must_usual() gives it; a thread that cannot
 * come back to them, however often it tries, ends its process; the guardian replaces a worker. */
#ifndef SPOOF_RIGHTS_H
#define SPOOF_RIGHTS_H

#include "server.h"

/* Chooses how a lookup proves what the tracee could search, by trying; reads the table of mounts.
 * 0 or -errno. */
int rights_choose_proof(struct context *context);
/* Does a walk take on the tracee's credentials? */
static inline bool rights_are_taken_on(const struct context *context) {
    return context->proof == PROOF_UNPRIVILEGED || context->proof == PROOF_BY_WALKING;
}

/* Change the calling thread's filesystem credentials only; 0 or -errno. */
/* Those of a user and group that no file belongs to, without capabilities over files. For looking
 * alone. */
int rights_none(struct server *server);
int rights_own(struct server *server);
/* From none to whom our own files belong, by the user id alone: a fifth of the time. What is made
 * then has no group of ours until fchown(2). */
int rights_own_user(struct server *server);
/* The same for who cannot go on without: else the process ends. `usual`: those that a thread has
 * between two calls. */
void rights_must_own(struct server *server);
void rights_must_own_user(struct server *server);
void rights_must_usual(struct server *server);
/* Of no user, and without any capability. Only where rights_are_taken_on(). */
void rights_must_nobody(struct server *server);
/* What rights_as_tracee() has given before. */
void rights_must_tracee(struct server *server, const struct credentials *credentials);

/* Takes on the tracee's, or finds that ours are the same. False: neither. */
bool rights_as_tracee(struct server *server, const struct credentials *credentials);

#endif
