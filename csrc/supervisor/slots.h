/* slots.h - who holds which slot of the segment.
 * Rule: a slot is taken before a request is received into it, and free again once nothing is owed;
 * whoever finds it taken leaves it alone. */
#ifndef SPOOF_SLOTS_H
#define SPOOF_SLOTS_H

#include "../mechanism/notify.h"
#include "segment.h"

/* A free slot, now the caller's. Only one thread at a time may ask; it waits until there is one. */
struct slot *slot_take(struct segment *segment);
/* Makes it nobody's, and without a request: RECV wants zeros (seccomp_unotify(2)). */
void slot_free(struct segment *segment, struct slot *slot);
/* Makes it free, but keeps it. */
void slot_clear(struct slot *slot);
/* The id of the request in it, or 0. */
uint64_t slot_request(const struct slot *slot);
/* The stopped call that the request is about, without a server; `stop` is filled. */
struct stopped_call slot_call(const struct slot *slot, struct notify_stop *stop);

#endif
