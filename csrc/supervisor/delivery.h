/* delivery.h - how a descriptor of the worker gets into the program that asked for it. */
#ifndef SPOOF_DELIVERY_H
#define SPOOF_DELIVERY_H

#include "../calls/verdict.h"
#include "segment.h"

/* Ends a call, which lies in the server's slot, with a copy of the verdict's descriptor, which is
 * closed. The call's other end is recorded if that cannot be done. */
void deliver(struct segment *segment, struct stopped_call *call, const struct verdict *verdict);
/* Ends a call that the worker before us has begun to deliver. False: the program has got nothing,
 * the call is to be served. */
bool delivery_resume(struct stopped_call *call, struct slot *slot);

#endif
