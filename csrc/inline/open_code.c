/* open_code.c - writes the code that stands for an openat(2).
 * Rule: every path that it does not know for one which no rule names is left to be stopped. */
#include "open_code.h"

#include "../arch/arch.h"
#include "../arch/call_table.h"
#include "path_code.h"

void open_put_code(struct code *code, const struct open_places *places) {
    struct code_jumps plain = {.count = 0}, other = {.count = 0};
    if (!places->says_number) {
        PUT(code, 0x48, 0x3d); /* cmp $NUMBER_OPENAT, %rax */
        code_put_32(code, NUMBER_OPENAT);
        code_put_jump(code, JUMP_UNEQUAL, &other);
    }
    code_put_test(code, places->off);
    code_put_jump(code, JUMP_UNEQUAL, &plain);
    if (places->reads_only) {
        PUT(code, 0xf7, 0xc2); /* test $OPEN_NEVER_A_TABLE, %edx: which the filter lets run */
        code_put_32(code, OPEN_NEVER_A_TABLE);
        code_put_jump(code, JUMP_UNEQUAL, &plain);
    }
    const uint32_t found = path_put_search(code, NAMES_RSI, &plain);
    code_land_all(code, &plain);
    const uint32_t stopped = code->length;
    code_put_move(code, NUMBER_OPENAT);
    code_land_all(code, &other);
    code_put_jump_by(code, places->own);
    code_land(code, found);
    names_put_test(code, NAMES_RSI, &places->names, stopped);
    code_put_move(code, NUMBER_OPENAT);
    PUT(code, 0x0f, 0x05); /* syscall */
    code_put_jump_by(code, places->back);
}
