/* routine.h - code of ours for one thread: makes a few calls, has its signals again,
 * and makes the thread's own call. Rule: it says itself what is in each register, so it needs no
 * stack, and whoever is in it ends well without anybody's help. */
#ifndef SPOOF_ROUTINE_H
#define SPOOF_ROUTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracee/stopped_call.h"
#include "exchange.h"
#include "shape.h"

#define ROUTINE_BEGIN 16U /* where its first instruction is */

struct routine {
    const struct exchange_call *calls;
    unsigned count; /* up to 2 */
    uint64_t mask;  /* the thread's blocked signals */
    const struct stopped_call *own;
    uint64_t instruction; /* that makes the own call */
    /* ROUTINE_NEEDS_ROOM: a room of the place, where the own call can be made, too; 0: there is
     * none, and the code is near to the place. */
    uint64_t room;
    bool is_go;
};

/* To run at `address`. Returns its length; 0: that is too far. */
uint32_t routine_make(const struct routine *routine, uint64_t address, uint8_t bytes[ROUTINE_SIZE]);

#endif
