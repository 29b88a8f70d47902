/* instructions.h - instructions of aarch64. Rule: as in code.h; none of these changes the flags,
 * which a call leaves as they are. */
#ifndef SPOOF_INSTRUCTIONS_H
#define SPOOF_INSTRUCTIONS_H

#include <stdbool.h>

#include "../code.h"

/* Registers by their numbers; 31 is the stack pointer as a base. */
#define REGISTER_CALL 8U /* the number of a call */
#define STACK 31U

#define CALL_SIZE 4U
#define INSTRUCTION_CALL 0xd4000001U /* svc #0 */
#define INSTRUCTION_LAND 0xd50324dfU /* bti jc: an indirect jump may lead here */
#define INSTRUCTION_NONE 0xd503201fU /* nop */

static inline uint32_t of_three(uint32_t operation, uint32_t to, uint32_t one, uint32_t other) {
    return operation | other << 16 | one << 5 | to;
}

/* ---- numbers ---- */

#define MOVE_16 0xd2800000U   /* movz */
#define MOVE_16_W 0x52800000U /* ... of the lower half, which clears the upper one */
#define MOVE_KEEP 0xf2800000U /* movk */
#define MOVE_NOT 0x92800000U  /* movn */

static inline uint32_t move_16(uint32_t operation, uint32_t to, uint32_t value, unsigned part) {
    return operation | part << 21 | (value & 0xffffU) << 5 | to;
}

static inline void put_number(struct code *code, uint32_t to, uint64_t value) {
    if (~value <= 0xffffU) {
        code_put_32(code, move_16(MOVE_NOT, to, (uint32_t)~value, 0));
        return;
    }
    code_put_32(code, move_16(MOVE_16, to, (uint32_t)value, 0));
    for (unsigned part = 1; part < 4; part++)
        if (value >> 16 * part & 0xffffU)
            code_put_32(code, move_16(MOVE_KEEP, to, (uint32_t)(value >> 16 * part), part));
}

static inline void put_move(struct code *code, uint32_t to, uint32_t from) {
    code_put_32(code, of_three(0xaa0003e0U, to, 0, from)); /* mov */
}

static inline void put_move_w(struct code *code, uint32_t to, uint32_t from) {
    code_put_32(code, of_three(0x2a0003e0U, to, 0, from)); /* mov, of the lower half */
}

static inline void put_not(struct code *code, uint32_t to, uint32_t from) {
    code_put_32(code, of_three(0xaa2003e0U, to, 0, from)); /* mvn */
}

static inline void put_not_w(struct code *code, uint32_t to, uint32_t from) {
    code_put_32(code, of_three(0x2a2003e0U, to, 0, from));
}

/* Up to 12 bits, or 12 more. */
static inline void put_add(struct code *code, uint32_t to, uint32_t from, uint32_t value) {
    if (value >> 12)
        code_put_32(code, 0x91400000U | (value >> 12) << 10 | from << 5 | to); /* add, lsl 12 */
    if (value & 0xfffU || value == 0)
        code_put_32(code,
                    0x91000000U | (value & 0xfffU) << 10 | (value >> 12 ? to : from) << 5 | to);
}

static inline void put_subtract(struct code *code, uint32_t to, uint32_t from, uint32_t value) {
    if (value >> 12)
        code_put_32(code, 0xd1400000U | (value >> 12) << 10 | from << 5 | to); /* sub, lsl 12 */
    if (value & 0xfffU)
        code_put_32(code,
                    0xd1000000U | (value & 0xfffU) << 10 | (value >> 12 ? to : from) << 5 | to);
}

static inline void put_difference(struct code *code, uint32_t to, uint32_t one, uint32_t other) {
    code_put_32(code, of_three(0xcb000000U, to, one, other)); /* sub */
}

/* ---- memory ---- */

static inline void put_load(struct code *code, uint32_t to, uint32_t base, uint32_t offset) {
    code_put_32(code, 0xf9400000U | offset / 8 << 10 | base << 5 | to); /* ldr */
}

static inline void put_store(struct code *code, uint32_t from, uint32_t base, uint32_t offset) {
    code_put_32(code, 0xf9000000U | offset / 8 << 10 | base << 5 | from); /* str */
}

/* A byte that begins so far from there: -256 to 255. */
static inline void put_load_byte(struct code *code, uint32_t to, uint32_t base, int32_t offset) {
    code_put_32(code, 0x38400000U | ((uint32_t)offset & 0x1ffU) << 12 | base << 5 | to); /* ldurb */
}

static inline void put_load_4(struct code *code, uint32_t to, uint32_t base, int32_t offset) {
    code_put_32(code, 0xb8400000U | ((uint32_t)offset & 0x1ffU) << 12 | base << 5 | to); /* ldur */
}

/* Two registers, 16 bytes. */
#define PAIR_STORE 0xa9000000U       /* stp */
#define PAIR_STORE_FIRST 0xa9800000U /* ..., after the base has changed by the offset, */
#define PAIR_LOAD 0xa9400000U        /* ldp */
#define PAIR_LOAD_LAST 0xa8c00000U   /* ..., before it does */

static inline uint32_t pair(uint32_t operation, uint32_t one, uint32_t other, int32_t offset) {
    return operation | ((uint32_t)(offset / 8) & 0x7fU) << 15 | other << 10 | STACK << 5 | one;
}

/* ---- places in code: by their distance from its begin ---- */

/* Makes the jump, address or literal at `at` one of what is so far from it, in whole instructions.
 * False: too far. */
static inline bool code_aim(struct code *code, uint32_t at, int64_t distance) {
    uint32_t instruction;
    memcpy(&instruction, code->bytes + at, sizeof instruction);
    const int64_t steps = distance / 4;
    const bool far = (instruction & 0x7c000000U) == 0x14000000U;    /* b */
    const bool of_bit = (instruction & 0x7e000000U) == 0x36000000U; /* tbz, tbnz */
    const unsigned bits = far ? 26 : of_bit ? 14 : 19;
    if (steps < -(INT64_C(1) << (bits - 1)) || steps >= INT64_C(1) << (bits - 1))
        return false;
    instruction |= ((uint32_t)steps & ((1U << bits) - 1)) << (far ? 0 : 5);
    memcpy(code->bytes + at, &instruction, sizeof instruction);
    return true;
}

#define JUMP 0x14000000U              /* b */
#define JUMP_ZERO 0xb4000000U         /* cbz x */
#define JUMP_NOT_ZERO 0xb5000000U     /* cbnz */
#define JUMP_ZERO_W 0x34000000U       /* cbz w */
#define JUMP_NOT_ZERO_W 0x35000000U   /* cbnz w */
#define JUMP_NEGATIVE 0xb7f80000U     /* tbnz x, #63 */
#define JUMP_NOT_NEGATIVE 0xb6f80000U /* tbz x, #63 */
#define JUMP_ODD_W 0x37000000U        /* tbnz w, #0 */
#define ADDRESS 0x10000000U           /* adr */
#define LITERAL 0x58000000U           /* ldr, what stands there */

/* What is aimed later: where it is. */
static inline uint32_t code_put_open(struct code *code, uint32_t operation, uint32_t with) {
    code_put_32(code, operation | with);
    return code->length - 4;
}

/* ... at an address. */
static inline bool code_put_about(struct code *code, uint32_t operation, uint32_t with,
                                  uint64_t target) {
    const uint32_t at = code_put_open(code, operation, with);
    return code_aim(code, at, (int64_t)(target - code->address - at));
}

/* ... at a place in the code that is known, before it or behind. */
static inline void code_put_to(struct code *code, uint32_t operation, uint32_t with,
                               uint32_t place) {
    code_aim(code, code_put_open(code, operation, with), (int64_t)place - (code->length - 4));
}

/* ... at what comes next. */
static inline void code_land(struct code *code, uint32_t at) {
    code_aim(code, at, (int64_t)code->length - at);
}

/* Such jumps to one place. */
struct code_jumps {
    uint32_t at[8];
    unsigned count;
};

static inline void code_put_jump(struct code *code, uint32_t operation, uint32_t with,
                                 struct code_jumps *jumps) {
    jumps->at[jumps->count++] = code_put_open(code, operation, with);
}

static inline void code_land_all(struct code *code, const struct code_jumps *jumps) {
    for (unsigned i = 0; i < jumps->count; i++)
        code_land(code, jumps->at[i]);
}

static inline void put_jump_by(struct code *code, uint32_t with) {
    code_put_32(code, 0xd61f0000U | with << 5); /* br */
}

#endif
