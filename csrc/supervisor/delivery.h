/* delivery.h - how a descriptor of the worker gets into the program that asked for it.
 * Rule: the guardian sends. A sender that dies between the kernel's answer and its hand-over leaves
 * the program with descriptor 0; a worker may die at any instruction, the guardian may not. */
#ifndef SPOOF_DELIVERY_H
#define SPOOF_DELIVERY_H

#include <stdint.h>

#include "../calls/verdict.h"
#include "segment.h"

/* ---- the guardian's side ---- */

/* Starts the threads that deliver. 0 or -errno. */
int delivery_start(struct segment *segment);
/* Takes back what a worker that is gone has asked for, and closes all descriptors from `first` on,
 * but for those that are just being sent. */
void delivery_cancel(struct segment *segment, unsigned first);

/* ---- the worker's side ---- */

/* Has the call in this slot end with a copy of the verdict's descriptor, which is closed, and the
 * slot be freed: from here on it belongs to the guardian. */
void delivery_ask(struct segment *segment, struct slot *slot, const struct verdict *verdict);
/* The guardian is gone: from now on the worker delivers by itself. */
void delivery_alone(struct segment *segment);

#endif
