/* routine.h - code of ours for one thread, for x86_64: makes a few calls, has its signals again,
 * and makes the thread's own call. Rule: it says itself what is in each register, so it needs no
 * stack, and whoever is in it ends well without anybody's help. */
#ifndef SPOOF_ROUTINE_H
#define SPOOF_ROUTINE_H

#include <stdint.h>

#include "../tracee/stopped_call.h"
#include "exchange.h"

#define ROUTINE_SIZE 384U /* at most */
#define ROUTINE_BEGIN 16U /* where its first instruction is */

struct routine {
    const struct exchange_call *calls;
    unsigned count; /* up to 2 */
    uint64_t mask;  /* the thread's blocked signals */
    const struct stopped_call *own;
    uint64_t instruction; /* that makes the own call */
};

/* To run at `address`. Returns its length. */
uint32_t routine_make(const struct routine *routine, uint64_t address, uint8_t bytes[ROUTINE_SIZE]);

#endif
