/* path_code.c - writes that code: a system call that reads before it refuses, and a loop.
 * Rule: as in its header. */
#include "path_code.h"

#include <errno.h>

#include "../../arch/arch.h"
#include "name_code.h"
#include "registers.h"

#define LAST_TIMER 2U
#define PAGE_SIZE 4096U
#define TIMER_SIZE 32U /* struct itimerval */

static void put_offset_in_page(struct code *code, uint32_t address) {
    code_put_32(code, 0x92402c00U | address << 5 | SCRATCH); /* and SCRATCH, address, 0xfff */
}

/* Whether the path can be read. setitimer(2) reads 32 bytes of it before it refuses a timer that
 * does not exist: EINVAL. Of a path near the end of its page these would be bytes of the next one,
 * which nobody has asked for. A null pointer it does not read. */
static void put_conditions(struct code *code, uint32_t path, struct code_jumps *plain) {
    put_offset_in_page(code, path);
    put_subtract(code, SCRATCH, SCRATCH, PAGE_SIZE - TIMER_SIZE + 1);
    code_put_jump(code, JUMP_NOT_NEGATIVE, SCRATCH, plain);
    code_put_jump(code, JUMP_ZERO, path, plain);
}

/* In SCRATCH is the number of a timer: there is no such one. */
static void put_no_timer(struct code *code, struct code_jumps *plain) {
    put_subtract(code, SCRATCH, SCRATCH, LAST_TIMER + 1);
    code_put_jump(code, JUMP_NEGATIVE, SCRATCH, plain);
}

static void put_ask(struct code *code) {
    put_number(code, REGISTER_CALL, NUMBER_SETITIMER);
    code_put_32(code, INSTRUCTION_CALL);
}

uint32_t path_put_search(struct code *code, enum path_argument path, struct code_jumps *plain) {
    put_conditions(code, path_register(path), plain);
    if (path == PATH_FIRST) { /* the second argument, all its bits turned, is the timer */
        put_not_w(code, SCRATCH, 1);
        put_no_timer(code, plain);
        put_move(code, OTHER, 0);
        put_move(code, KEPT, 1);
        put_not(code, 0, 1);
        put_move(code, 1, OTHER);
        put_ask(code);
        put_move(code, 1, KEPT);
    } else { /* the directory's number is it */
        put_move_w(code, SCRATCH, 0);
        put_no_timer(code, plain);
        put_move(code, OTHER, 0);
        put_ask(code);
    }
    put_add(code, SCRATCH, 0, EINVAL);
    put_move(code, 0, OTHER);
    code_put_jump(code, JUMP_NOT_ZERO, SCRATCH, plain);
    put_move(code, KEPT, path_register(path));
    const uint32_t next = code->length;
    put_load_byte(code, SCRATCH, KEPT, 0);
    const uint32_t found = code_put_open(code, JUMP_ZERO, SCRATCH);
    put_add(code, KEPT, KEPT, 1);
    put_offset_in_page(code, KEPT);
    code_put_to(code, JUMP_NOT_ZERO, SCRATCH, next);
    return found;
}
