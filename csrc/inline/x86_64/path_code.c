/* path_code.c - writes that code: a system call that reads before it refuses, and a loop.
 * Rule: as in its header. */
#include "path_code.h"

#include <errno.h>

#include "../../arch/arch.h"

#define LAST_TIMER 2
#define PAGE_BITS 0xfffU
#define TIMER_SIZE 32U /* struct itimerval */

/* Whether the path can be read. setitimer(2) reads 32 bytes of it before it refuses a timer that
 * does not exist: EINVAL. Of a path near the end of its page these would be bytes of the next one,
 * which nobody has asked for. A null pointer it does not read. */
static void put_conditions(struct code *code, enum path_argument path, struct code_jumps *plain) {
    PUT(code, 0x89, path == PATH_FIRST ? 0xf8 : 0xf0); /* mov path, %eax */
    PUT(code, 0x25);                                   /* and $PAGE_BITS, %eax */
    code_put_32(code, PAGE_BITS);
    PUT(code, 0x3d); /* cmp $..., %eax */
    code_put_32(code, PAGE_BITS + 1 - TIMER_SIZE);
    code_put_jump(code, JUMP_ABOVE, plain);
    PUT(code, 0x48, 0x85, path == PATH_FIRST ? 0xff : 0xf6); /* test path, path */
    code_put_jump(code, JUMP_EQUAL, plain);
}

/* The directory's number is the timer, so all arguments stay as they are. */
static void put_probe_of_second(struct code *code, struct code_jumps *plain) {
    PUT(code, 0x83, 0xff, LAST_TIMER); /* cmp $LAST_TIMER, %edi */
    code_put_jump(code, JUMP_NOT_ABOVE, plain);
    code_put_move(code, NUMBER_SETITIMER);
    PUT(code, 0x0f, 0x05); /* syscall */
}

/* The second argument, all its bits turned, is the timer; both are put back. */
static void put_probe_of_first(struct code *code, struct code_jumps *plain) {
    PUT(code, 0x83, 0xfe, (uint8_t)(-LAST_TIMER - 2)); /* cmp $~(LAST_TIMER + 1), %esi */
    code_put_jump(code, JUMP_ABOVE, plain);
    PUT(code, 0x48, 0x87, 0xfe); /* xchg %rdi, %rsi */
    PUT(code, 0x48, 0xf7, 0xd7); /* not %rdi */
    code_put_move(code, NUMBER_SETITIMER);
    PUT(code, 0x0f, 0x05);       /* syscall */
    PUT(code, 0x48, 0xf7, 0xd7); /* not %rdi */
    PUT(code, 0x48, 0x87, 0xfe); /* xchg %rdi, %rsi */
}

uint32_t path_put_search(struct code *code, enum path_argument path, struct code_jumps *plain) {
    put_conditions(code, path, plain);
    if (path == PATH_FIRST)
        put_probe_of_first(code, plain);
    else
        put_probe_of_second(code, plain);
    PUT(code, 0x83, 0xf8, (uint8_t)(-EINVAL)); /* cmp $-EINVAL, %eax */
    code_put_jump(code, JUMP_UNEQUAL, plain);
    PUT(code, 0x49, 0x89, path == PATH_FIRST ? 0xfb : 0xf3); /* mov path, %r11 */
    const uint32_t next = code->length;
    PUT(code, 0x41, 0x80, 0x3b, 0); /* cmpb $0, (%r11) */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x49, 0xff, 0xc3); /* inc %r11 */
    PUT(code, 0x41, 0xf7, 0xc3); /* test $PAGE_BITS, %r11d */
    code_put_32(code, PAGE_BITS);
    code_put_back_to(code, JUMP_UNEQUAL, next);
    return found;
}
