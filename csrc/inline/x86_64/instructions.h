/* instructions.h - instructions of x86_64. Rule: as in code.h. */
#ifndef SPOOF_INSTRUCTIONS_H
#define SPOOF_INSTRUCTIONS_H

#include <stdbool.h>

#include "../code.h"

#define PUT(code, ...)                                                                             \
    code_put(code, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* How far it is to `target` from behind these four bytes, and `more` that follow. */
static inline void code_put_distance(struct code *code, uint64_t target, uint32_t more) {
    code_put_32(code, (uint32_t)(target - (code->address + code->length + 4 + more)));
}

/* Is it not too far for that? */
static inline bool code_is_near(uint64_t from, uint64_t to) {
    const int64_t distance = (int64_t)(to - from);
    return distance > INT32_MIN + 16 && distance < INT32_MAX - 16;
}

/* Compares the byte at `address` with 0. */
static inline void code_put_test(struct code *code, uint64_t address) {
    PUT(code, 0x80, 0x3d); /* cmpb $0, address(%rip) */
    code_put_distance(code, address, 1);
    PUT(code, 0);
}

/* Jumps to where the pointer at `address` leads. */
static inline void code_put_jump_by(struct code *code, uint64_t address) {
    PUT(code, 0xff, 0x25); /* jmp *address(%rip) */
    code_put_distance(code, address, 0);
}

static inline void code_put_move(struct code *code, int32_t number) {
    PUT(code, 0xb8); /* mov $number, %eax */
    code_put_32(code, (uint32_t)number);
}

/* A short jump whose target is not known yet: where its distance is. */
static inline uint32_t code_put_short(struct code *code, uint8_t operation) {
    PUT(code, operation, 0);
    return code->length - 1;
}

#define JUMP_EQUAL 0x74
#define JUMP_UNEQUAL 0x75
#define JUMP_BELOW 0x72
#define JUMP_NOT_BELOW 0x73
#define JUMP_NOT_ABOVE 0x76
#define JUMP_ABOVE 0x77
#define JUMP_ALWAYS 0xeb

/* ... is here. */
static inline void code_land(struct code *code, uint32_t at) {
    code->is_broken = code->is_broken || code->length - at - 1 > INT8_MAX;
    code->bytes[at] = (uint8_t)(code->length - at - 1);
}

/* The same for a conditional one that may be longer. */
static inline uint32_t code_put_long(struct code *code, uint8_t operation) {
    PUT(code, 0x0f, (uint8_t)(operation + 0x10));
    code_put_32(code, 0);
    return code->length - 4;
}

static inline void code_land_long(struct code *code, uint32_t at) {
    const uint32_t distance = code->length - at - 4;
    memcpy(code->bytes + at, &distance, sizeof distance);
}

/* Such jumps to one place. */
struct code_jumps {
    uint32_t at[8];
    unsigned count;
};

static inline void code_put_jump(struct code *code, uint8_t operation, struct code_jumps *jumps) {
    jumps->at[jumps->count++] = code_put_short(code, operation);
}

static inline void code_land_all(struct code *code, const struct code_jumps *jumps) {
    for (unsigned i = 0; i < jumps->count; i++)
        code_land(code, jumps->at[i]);
}

/* A conditional one, to what lies before it. */
static inline void code_put_back_to(struct code *code, uint8_t operation, uint32_t target) {
    if (code->length + 2 - target <= 128) {
        PUT(code, operation, (uint8_t)(target - code->length - 2));
        return;
    }
    PUT(code, 0x0f, (uint8_t)(operation + 0x10));
    code_put_32(code, target - code->length - 4);
}

#endif
