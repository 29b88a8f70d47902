/* routine.c - writes that code for aarch64. Rule: as in its header. Far from the place there is no
 * way there that needs no register, so it goes by a room of the place, as a stub does. */
#include "../routine.h"

#include <signal.h>

#include "../../arch/arch.h"
#include "../../arch/kernel.h"
#include "instructions.h"
#include "registers.h"
#include "room_shape.h"

/* Before the code. */
#define LAND_AT 0U
#define MASK_AT 8U

_Static_assert(ROUTINE_BEGIN == MASK_AT + K_SIGNAL_SET_SIZE, "the head");

/* All but the instruction that makes it. */
static void put_call(struct code *code, int32_t number, const uint64_t *arguments, int count) {
    for (int i = 0; i < count; i++)
        put_number(code, (uint32_t)i, arguments[i]);
    put_number(code, REGISTER_CALL, (uint64_t)number);
}

/* As a stub leaves a call to the room; x8 is 0, or x16 in Go, whose room does without the stack. */
static void put_way_by_room(struct code *code, bool is_go) {
    if (is_go) {
        put_number(code, OTHER, 0);
    } else {
        code_put_32(code, pair(PAIR_STORE_FIRST, OTHER, BACK, -FRAME_SIZE));
        put_number(code, REGISTER_CALL, 0);
    }
    code_put_to(code, LITERAL, BACK, LAND_AT);
    put_jump_by(code, BACK);
}

uint32_t routine_make(const struct routine *routine, uint64_t address,
                      uint8_t bytes[ROUTINE_SIZE]) {
    const uint64_t unblock[] = {SIG_SETMASK, address + MASK_AT, 0, K_SIGNAL_SET_SIZE};
    struct code code = {.bytes = bytes, .address = address};
    code_put_64(&code, routine->room + ROOM_LAND);
    code_put_64(&code, routine->mask);
    for (unsigned i = 0; i < routine->count; i++) {
        const struct exchange_call *call = &routine->calls[i];
        put_call(&code, call->number, call->arguments, call->count);
        code_put_32(&code, INSTRUCTION_CALL);
    }
    put_call(&code, NUMBER_RT_SIGPROCMASK, unblock, 4);
    code_put_32(&code, INSTRUCTION_CALL);
    put_call(&code, routine->own->number, routine->own->arguments, 6);
    bool near = true;
    if (routine->room != 0)
        put_way_by_room(&code, routine->is_go);
    else
        near = code_put_about(&code, JUMP, 0, routine->instruction);
    return near ? code.length : 0;
}
