/* delivery.h - how a descriptor of the worker gets into the program that asked for it.
 * Rule: the guardian sends. A sender that dies between the kernel's answer and its hand-over leaves
 * the program with descriptor 0; a worker may die at any instruction, the guardian may not. */
#ifndef SPOOF_DELIVERY_H
#define SPOOF_DELIVERY_H

#include <stdint.h>

#include "segment.h"

enum delivery_state {
    DELIVERY_NONE,
    DELIVERY_ASKED,  /* by the worker */
    DELIVERY_DONE,   /* the call has its descriptor, nothing is owed any more */
    DELIVERY_FAILED, /* the call still waits; slot.delivery_error says why */
};

/* ---- the guardian's side ---- */

/* Starts the thread that delivers. 0 or -errno. */
int delivery_start(struct segment *segment);
/* Takes back what a worker that is gone has asked for: from here on its descriptors may be closed.
 */
void delivery_cancel(struct segment *segment);

/* ---- the worker's side ---- */

/* Hands `fd` to the call in this slot, and ends the call: 0, or -errno: -ENOENT if its program is
 * gone, else the call still waits (-EMFILE: the program has no room for it). */
int delivery_ask(struct segment *segment, struct slot *slot, int fd, uint32_t flags);
/* The guardian is gone: from now on the worker delivers by itself. */
void delivery_alone(struct segment *segment);

#endif
