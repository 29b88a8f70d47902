/* receiver.h - which thread of a worker receives stopped calls.
 * Rule: one does, always. Who may sleep on a filesystem hands the place over before; who is found
 * waiting for a program, or for its memory, loses it (server_wait()). */
#ifndef SPOOF_RECEIVER_H
#define SPOOF_RECEIVER_H

#include <stdbool.h>

#include "../tracee/server.h"
#include "segment.h"

/* Once, before anything else; `run` is what each thread does. 0 or -errno. */
int receiver_open(struct segment *segment, const struct server *like, void *(*run)(void *));
/* One more thread; with a slot that a worker before us has left, or NULL: it receives. */
bool receiver_add(struct slot *slot);
/* Before a thread receives: waits until the place is its own. And when it has received. */
void receiver_begin(struct server *server);
void receiver_has_received(void);

/* ---- for the thread that looks after them ---- */

/* Readable when it has been asleep, and somebody has received. */
int receiver_wake_descriptor(void);
/* How long it may sleep until it looks again, in milliseconds; -1: until it is woken. */
int receiver_period(void);
/* Replaces the thread that receives if it has been waiting ever since the last look. */
void receiver_look(void);
/* Does the receiver go on? False: it has been in the same call, waiting for nobody, ever since the
 * last time that this was asked. */
bool receiver_goes_on(void);

#endif
