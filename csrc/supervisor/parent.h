/* parent.h - the form of `exec` in which the starter stays as the parent of the command, for where
 * only an ancestor may read a program (Yama's ptrace_scope 1).
 *
 *   parent (parent.c)       has the pid that was started; passes signals on, stops and ends as the
 *     |                     command does
 *     +-- witness           (parent_signals.c) tells which signals the whole process group got
 *     +-- guardian          (guardian.c, family.c) serves by itself; ends after the last descendant
 *           +-- the command and its descendants, daemons among them
 */
#ifndef SPOOF_PARENT_H
#define SPOOF_PARENT_H

#include "guardian.h"

/* Forks the guardian and, from it, the command. Returns there, in the process that is to become the
 * command, with its end of the socket to the guardian; the calling process is the parent from then
 * on. -1: in the process that could not do its part, which has to end with STATUS_OUR_FAULT. */
int parent_stay(const struct guardian_setup *setup, struct failure *failure);
/* In the process that is about to become the command: what exec keeps and fork does not. */
void parent_restore(enum mechanism_kind mechanism);

#endif
