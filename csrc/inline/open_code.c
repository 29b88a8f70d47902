/* open_code.c - writes the code that stands for an openat(2).
 * Rule: it reads nothing of which the kernel has not said that it can be read, so a bad path stays
 * EFAULT; and every path that it does not know for one which no rule names is left to be stopped.
 */
#include "open_code.h"

#include <errno.h>

#include "../arch/arch.h"
#include "../arch/call_table.h"

#define LAST_TIMER 2
#define PAGE_BITS 0xfffU
#define TIMER_SIZE 32U /* struct itimerval */

/* Jumps to one place that comes later. */
struct forward {
    uint32_t at[8];
    unsigned count;
};

static void put_forward(struct code *code, uint8_t operation, struct forward *forward) {
    forward->at[forward->count++] = code_put_short(code, operation);
}

static void land_all(struct code *code, const struct forward *forward) {
    for (unsigned i = 0; i < forward->count; i++)
        code_land(code, forward->at[i]);
}

/* Whether the path can be read. setitimer(2) reads 32 bytes of it before it refuses a timer that
 * does not exist, the directory's number: EINVAL. So the arguments stay as they are. Of a path near
 * the end of its page these would be bytes of the next one, which nobody has asked for. */
static void put_probe(struct code *code, struct forward *plain) {
    PUT(code, 0x89, 0xf0); /* mov %esi, %eax */
    PUT(code, 0x25);       /* and $PAGE_BITS, %eax */
    code_put_32(code, PAGE_BITS);
    PUT(code, 0x3d); /* cmp $..., %eax */
    code_put_32(code, PAGE_BITS + 1 - TIMER_SIZE);
    put_forward(code, JUMP_ABOVE, plain);
    PUT(code, 0x83, 0xff, LAST_TIMER); /* cmp $LAST_TIMER, %edi */
    put_forward(code, JUMP_NOT_ABOVE, plain);
    PUT(code, 0x48, 0x85, 0xf6); /* test %rsi, %rsi: which setitimer(2) does not read */
    put_forward(code, JUMP_EQUAL, plain);
    code_put_move(code, NUMBER_SETITIMER);
    PUT(code, 0x0f, 0x05);                     /* syscall */
    PUT(code, 0x83, 0xf8, (uint8_t)(-EINVAL)); /* cmp $-EINVAL, %eax */
    put_forward(code, JUMP_UNEQUAL, plain);
}

/* %r11: the end of the path, if that is in the page in which it begins; where to go then. */
static uint32_t put_search(struct code *code) {
    PUT(code, 0x49, 0x89, 0xf3); /* mov %rsi, %r11 */
    const uint32_t next = code->length;
    PUT(code, 0x41, 0x80, 0x3b, 0); /* cmpb $0, (%r11) */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x49, 0xff, 0xc3); /* inc %r11 */
    PUT(code, 0x41, 0xf7, 0xc3); /* test $PAGE_BITS, %r11d */
    code_put_32(code, PAGE_BITS);
    code_put_back_to(code, JUMP_UNEQUAL, next);
    return found;
}

void open_put_code(struct code *code, const struct open_places *places) {
    struct forward plain = {.count = 0}, other = {.count = 0};
    if (!places->says_number) {
        PUT(code, 0x48, 0x3d); /* cmp $NUMBER_OPENAT, %rax */
        code_put_32(code, NUMBER_OPENAT);
        put_forward(code, JUMP_UNEQUAL, &other);
    }
    code_put_test(code, places->off);
    put_forward(code, JUMP_UNEQUAL, &plain);
    if (places->reads_only) {
        PUT(code, 0xf7, 0xc2); /* test $OPEN_NEVER_A_TABLE, %edx: which the filter lets run */
        code_put_32(code, OPEN_NEVER_A_TABLE);
        put_forward(code, JUMP_UNEQUAL, &plain);
    }
    put_probe(code, &plain);
    const uint32_t found = put_search(code);
    land_all(code, &plain);
    const uint32_t stopped = code->length;
    code_put_move(code, NUMBER_OPENAT);
    land_all(code, &other);
    code_put_jump_by(code, places->own);
    code_land(code, found);
    names_put_test(code, NAMES_RSI, &places->names, stopped);
    code_put_move(code, NUMBER_OPENAT);
    PUT(code, 0x0f, 0x05); /* syscall */
    code_put_jump_by(code, places->back);
}
