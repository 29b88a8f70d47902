/* call_place.c - places of aarch64: the instruction that makes the call becomes a jump. */
#include "../call_place.h"

#include <string.h>

#include "../../arch/arch.h"
#include "../attended.h"
#include "instructions.h"
#include "room_shape.h"

/* Syscall6 of internal/runtime/syscall, Go 1.21 to 1.26. It uses no register but these. */
static const uint32_t code_of_go[] = {
    0xf94007e8,                   /* ldr x8, [sp, 8] */
    0xf9400be0,                   /* ldr x0, [sp, 16] */
    0xf9400fe1,                   /* ldr x1, [sp, 24] */
    0xf94013e2,                   /* ldr x2, [sp, 32] */
    0xf94017e3,                   /* ldr x3, [sp, 40] */
    0xf9401be4,                   /* ldr x4, [sp, 48] */
    0xf9401fe5,                   /* ldr x5, [sp, 56] */
    INSTRUCTION_CALL, 0xb13ffc1f, /* cmn x0, 4095 */
    0x540000e3,                   /* b.cc */
    0x92800004,                   /* mov x4, -1 */
    0xf90023e4,                   /* str x4, [sp, 64] */
    0xf90027ff,                   /* str xzr, [sp, 72] */
    0xcb0003e0,                   /* neg x0, x0 */
    0xf9002be0,                   /* str x0, [sp, 80] */
    0xd65f03c0,                   /* ret */
    0xf90023e0,                   /* str x0, [sp, 64] */
    0xf90027e1,                   /* str x1, [sp, 72] */
    0xf9002bff,                   /* str xzr, [sp, 80] */
    0xd65f03c0,                   /* ret */
};

_Static_assert(sizeof code_of_go == AGENT_BEFORE + AGENT_BEHIND, "all that is read");

/* __internal_syscall_cancel of glibc 2.41, at its end: who has one thread, or in whom none can be
 * cancelled now, jumps to the call; the others come back from one elsewhere, before this. */
static const uint32_t code_that_cancels[] = {
    0xb100101f, /* cmn x0, EINTR */
    0x540000e1, /* b.ne */
    0x52800722, /* mov w2, 57 */
    0x0a020021, /* and w1, w1, w2 */
    0x7100203f, /* cmp w1, 8 */
    0x54000061, /* b.ne, behind the call */
    0x94000000, /* bl, somewhere, and not back */
    INSTRUCTION_CALL,
};
#define ANYWHERE 0xfc000000U
#define ANYWHERE_AT 6U

_Static_assert(sizeof code_that_cancels == AGENT_BEFORE, "all that is read before it");

static uint32_t instruction_at(const uint8_t *code, uint32_t at) {
    uint32_t instruction;
    memcpy(&instruction, code + at, sizeof instruction);
    return instruction;
}

uint64_t agent_place_begin(const struct agent_place *place) {
    return place->back - CALL_SIZE;
}

/* May somebody come to what follows by another way, or does it change the register of the number,
 * as a result, as the second one of a pair, or as a base? */
static bool is_end_of_search(uint32_t instruction) {
    const bool jumps = (instruction >> 26 & 7) == 5, of_memory = (instruction >> 25 & 5) == 4;
    const bool of_pair = (instruction & 0x3a000000U) == 0x28000000U;
    return instruction == 0 || jumps || (instruction & 31) == REGISTER_CALL ||
           (of_memory && (instruction >> 5 & 31) == REGISTER_CALL) ||
           (of_pair && (instruction >> 10 & 31) == REGISTER_CALL);
}

/* Has the number been put into its register right before the call? Where it comes out of another
 * one all calls of a C library may be made, and a thread be cancelled by where it waits. */
static bool has_number(const uint8_t *code, int32_t number) {
    const uint32_t load = move_16(MOVE_16, REGISTER_CALL, (uint32_t)number, 0);
    const uint32_t load_w = move_16(MOVE_16_W, REGISTER_CALL, (uint32_t)number, 0);
    for (uint32_t at = AGENT_BEFORE - CALL_SIZE; at >= CALL_SIZE;) {
        at -= CALL_SIZE;
        const uint32_t instruction = instruction_at(code, at);
        if (instruction == load || instruction == load_w)
            return true;
        if (is_end_of_search(instruction))
            return false;
    }
    return false;
}

static bool cancels(const uint8_t *code) {
    for (uint32_t i = 0; i < AGENT_BEFORE / CALL_SIZE; i++)
        if ((instruction_at(code, i * CALL_SIZE) & (i == ANYWHERE_AT ? ANYWHERE : UINT32_MAX)) !=
            code_that_cancels[i])
            return false;
    return true;
}

bool agent_is_place(const struct agent_place *place,
                    const uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    enum path_argument path;
    if (place->form == AGENT_FORM_GO)
        return memcmp(code, code_of_go, sizeof code_of_go) == 0;
    if (place->form == AGENT_FORM_CANCELS)
        return place->number == NUMBER_OPENAT && cancels(code);
    return attended_call(place->number, &path) && place->back % CALL_SIZE == 0 &&
           instruction_at(code, AGENT_BEFORE - CALL_SIZE) == INSTRUCTION_CALL &&
           has_number(code, place->number);
}

bool agent_may_be_cancelled(const struct agent_place *place) {
    return place->number == NUMBER_OPENAT && place->form == AGENT_FORM_NUMBER;
}

bool agent_make_jump(const struct agent_place *place, uint64_t to,
                     uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    struct code jump = {.bytes = code + AGENT_BEFORE - CALL_SIZE,
                        .address = agent_place_begin(place)};
    return code_put_about(&jump, JUMP, 0, to);
}

/* The call was made by the room itself: what is around it says whose it is. */
bool agent_read_jump(struct agent_place *place, const uint8_t code[AGENT_BEFORE + AGENT_BEHIND],
                     uint64_t *room) {
    const uint32_t call = AGENT_BEFORE - CALL_SIZE, begin = call - ROOM_CALL;
    const uint32_t jump = instruction_at(code, AGENT_BEFORE);
    const uint32_t first = instruction_at(code, begin);
    const bool by_number = first == (0xd1000000U | (uint32_t)place->number << 10 |
                                     REGISTER_CALL << 5 | REGISTER_CALL); /* sub */
    const bool by_go = (first & 0x9f00001fU) == (ADDRESS | 17U);
    if (instruction_at(code, call) != INSTRUCTION_CALL || (jump & 0xfc000000U) != JUMP ||
        !(by_number || by_go) ||
        instruction_at(code, AGENT_BEFORE - CALL_SIZE + ROOM_LAND - ROOM_CALL) != INSTRUCTION_LAND)
        return false;
    *room = place->back - CALL_SIZE - ROOM_CALL;
    /* 26 bits with a sign, in instructions. */
    place->back += (uint64_t)((int64_t)((uint64_t)jump << 38) >> 38) * CALL_SIZE;
    return true;
}
