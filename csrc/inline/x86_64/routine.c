/* routine.c - writes that code. Rule: as in its header. */
#include "../routine.h"

#include <signal.h>

#include "../../arch/arch.h"
#include "../../arch/kernel.h"
#include "instructions.h"

/* Before the code. */
#define INSTRUCTION_AT 0U
#define MASK_AT 8U

_Static_assert(ROUTINE_BEGIN == MASK_AT + K_SIGNAL_SET_SIZE, "the head");

/* mov $value, of the argument's register; half of it is cleared by the shorter one. */
static void put_argument(struct code *code, int index, uint64_t value) {
    static const uint8_t registers[] = {0xbf, 0xbe, 0xba, 0xba, 0xb8, 0xb9};
    const bool is_new = index >= 3, is_long = value > UINT32_MAX;
    if (is_long || is_new)
        PUT(code, (uint8_t)(0x40 | (is_long ? 0x08 : 0) | (is_new ? 0x01 : 0)));
    PUT(code, registers[index]);
    if (is_long)
        code_put_64(code, value);
    else
        code_put_32(code, (uint32_t)value);
}

/* All but the instruction that makes it. */
static void put_call(struct code *code, int32_t number, const uint64_t *arguments, int count) {
    for (int i = 0; i < count; i++)
        put_argument(code, i, arguments[i]);
    code_put_move(code, number);
}

uint32_t routine_make(const struct routine *routine, uint64_t address,
                      uint8_t bytes[ROUTINE_SIZE]) {
    const uint64_t unblock[] = {SIG_SETMASK, address + MASK_AT, 0, K_SIGNAL_SET_SIZE};
    struct code code = {.bytes = bytes, .address = address};
    code_put_64(&code, routine->instruction);
    code_put_64(&code, routine->mask);
    for (unsigned i = 0; i < routine->count; i++) {
        const struct exchange_call *call = &routine->calls[i];
        put_call(&code, call->number, call->arguments, call->count);
        PUT(&code, 0x0f, 0x05); /* syscall */
    }
    put_call(&code, NUMBER_RT_SIGPROCMASK, unblock, 4);
    PUT(&code, 0x0f, 0x05);
    put_call(&code, routine->own->number, routine->own->arguments, 6);
    code_put_jump_by(&code, address + INSTRUCTION_AT);
    return code.length;
}
