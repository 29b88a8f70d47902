/* agent.h - the page of ours in a program, and its code, as bytes for x86_64.
 * Rule: the code uses no memory but its own page, the answer that the kernel has just written, and
 * a path that it has just read; and no register but rax, rcx and r11, which a call changes anyway,
 * and of a mode in r10 the upper half, which is none of it. */
#ifndef SPOOF_AGENT_H
#define SPOOF_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arch/agent_signs.h"

#define AGENT_STUBS 16U /* places in a program that may lead here */
#define AGENT_STUB_SIZE 192U
#define AGENT_HEAD_SIZE 24U
/* What is at a place: mov imm32, %eax (or the jump instead); syscall. */
#define AGENT_JUMP_SIZE 5U
#define AGENT_PLACE_SIZE 7U
/* What stands behind the code of a file: the way to a stub, or the call that gets the page. */
#define AGENT_ROOM_SIZE 96U
#define AGENT_WAY_SIZE 14U

/* Where calls are answered inside programs. */
struct inline_plan {
    uint64_t address; /* of the page: the same in each program of a tree; 0: nowhere */
    uint32_t after;   /* so many stopped calls of a process */
};

/* Stopped calls of a process: one that makes fewer is not worth what it costs. */
#define CALLS_BEFORE_AGENT 64U

/* Why no program of this machine can answer calls by itself, or NULL. `killable`: signals do not
 * interrupt a call that is being answered. */
const char *agent_missing(bool notify, bool killable);

/* Why programs cannot answer by themselves under a policy (a checked blob); NULL: they can. */
const char *agent_refusal(const uint8_t *policy);
/* If they can: do they find out which opens are about no table? */
bool agent_looks_at_opens(const uint8_t *policy);
/* ... and which calls are theirs, in words. */
const char *agent_calls(const uint8_t *policy);

struct agent_page {
    uint8_t bytes[AGENT_PAGE];
};

/* The page without any stub. */
void agent_make_page(const uint8_t *policy, uint64_t address, struct agent_page *page);
/* Is this how the page at `address` begins? */
bool agent_is_head(const uint8_t head[AGENT_HEAD_SIZE], uint64_t address);
/* Where a byte other than 0 makes all stubs leave their calls to the program's own instruction. */
uint64_t agent_switch(uint64_t address);
uint64_t agent_stub(uint64_t address, unsigned index);
/* The stub at `stub` for the place whose call returns to `back`. */
void agent_make_stub(const uint8_t *policy, uint64_t address, uint64_t stub, int32_t number,
                     uint64_t back, uint8_t bytes[AGENT_STUB_SIZE]);

/* The place as it is made by compilers: `mov number, %eax; syscall`. `before`: the byte before it,
 * which must not make another instruction of it. */
bool agent_is_place(uint8_t before, const uint8_t bytes[AGENT_PLACE_SIZE], int32_t number);
/* The jump from `from` to `to`. False: too far. */
bool agent_make_jump(uint64_t from, uint64_t to, uint8_t bytes[AGENT_JUMP_SIZE]);
/* Where a place leads, if it is such a jump and then `syscall`. */
bool agent_read_jump(uint64_t from, const uint8_t bytes[AGENT_PLACE_SIZE], uint64_t *to);
/* What was there before the jump. */
void agent_make_move(int32_t number, uint8_t bytes[AGENT_JUMP_SIZE]);
/* The way from the room at a place to its stub. */
void agent_make_way(uint64_t stub, uint8_t bytes[AGENT_WAY_SIZE]);
/* Code at `room` that maps the page, and then makes the call as before. False: too far. */
bool agent_make_boot(uint64_t address, uint64_t room, int32_t number, uint64_t back,
                     uint8_t bytes[AGENT_ROOM_SIZE]);

#endif
