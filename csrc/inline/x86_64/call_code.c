/* call_code.c - writes that code. Rule: as in its header. */
#include "call_code.h"

#include <stddef.h>

#include "../../arch/arch.h"
#include "../../arch/call_table.h"
#include "../../arch/kernel.h"
#include "name_code.h"
#include "path_code.h"

#define PATH_SIZE 4096U /* PATH_MAX */

/* A statfs(2) whose answer may overwrite its path could not be made again. */
static void put_overlap(struct code *code, uint32_t stopped) {
    PUT(code, 0x48, 0x89, 0xf9); /* mov %rdi, %rcx */
    PUT(code, 0x48, 0x29, 0xf1); /* sub %rsi, %rcx */
    PUT(code, 0x48, 0x81, 0xc1); /* add $PATH_SIZE, %rcx */
    code_put_32(code, PATH_SIZE);
    PUT(code, 0x48, 0x81, 0xf9); /* cmp $(PATH_SIZE + size), %rcx */
    code_put_32(code, PATH_SIZE + sizeof(struct k_statfs));
    code_put_back_to(code, JUMP_BELOW, stopped);
}

/* The type in the answer, as a rule wants it. */
static void put_type(struct code *code, const struct call_places *places, int32_t number) {
    struct code_jumps again = {.count = 0};
    PUT(code, 0x48, 0x85, 0xc0); /* test %rax, %rax */
    const uint32_t failed = code_put_short(code, JUMP_UNEQUAL);
    PUT(code, 0x48, 0x8b, 0x0e);     /* mov (%rsi), %rcx: f_type */
    if (places->page.blocks != 0) {  /* of a file in memory, which may be ours, more is told */
        PUT(code, 0x48, 0x81, 0xf9); /* cmp $K_TMPFS_MAGIC, %rcx */
        code_put_32(code, K_TMPFS_MAGIC);
        const uint32_t other = code_put_short(code, JUMP_UNEQUAL);
        PUT(code, 0x4c, 0x8b, 0x5e, offsetof(struct k_statfs, f_blocks)); /* mov 16(%rsi), %r11 */
        PUT(code, 0x4c, 0x3b, 0x1d); /* cmp blocks(%rip), %r11 */
        code_put_distance(code, places->page.blocks, 0);
        code_put_jump(code, JUMP_EQUAL, &again);
        code_land(code, other);
    }
    PUT(code, 0x4c, 0x8d, 0x1d); /* lea types(%rip), %r11 */
    code_put_distance(code, places->page.types, 0);
    const uint32_t next = code->length;
    PUT(code, 0x49, 0x3b, 0x0b); /* cmp (%r11), %rcx */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x49, 0x83, 0xc3, sizeof(struct agent_pair)); /* add $16, %r11 */
    PUT(code, 0x49, 0x83, 0x3b, 0xff);                      /* cmpq $AGENT_END_OF_TYPES, (%r11) */
    code_put_back_to(code, JUMP_UNEQUAL, next);
    code_land(code, failed);
    const uint32_t done = code->length;
    code_put_jump_by(code, places->back);
    code_land(code, found);
    PUT(code, 0x49, 0x8b, 0x4b, offsetof(struct agent_pair, to)); /* mov 8(%r11), %rcx */
    PUT(code, 0x48, 0x89, 0x0e);                                  /* mov %rcx, (%rsi) */
    code_put_back_to(code, JUMP_ALWAYS, done);
    code_land_all(code, &again);
    code_put_move(code, number);
    code_put_jump_by(code, places->own);
}

/* Is it the other call that this place makes? */
static void put_choice(struct code *code, int32_t number, struct code_jumps *other) {
    PUT(code, 0x48, 0x3d); /* cmp $number, %rax */
    code_put_32(code, (uint32_t)number);
    code_put_jump(code, JUMP_UNEQUAL, other);
}

/* Is it an open that the filter lets run anyway? */
static void put_flags(struct code *code, struct code_jumps *plain) {
    PUT(code, 0xf7, 0xc2); /* test $OPEN_NEVER_A_TABLE, %edx */
    code_put_32(code, OPEN_NEVER_A_TABLE);
    code_put_jump(code, JUMP_UNEQUAL, plain);
}

void call_put_code(struct code *code, const struct call_places *places, int32_t number) {
    enum path_argument path;
    if (!attended_call(number, &path) || places->page.names.set == 0)
        path = PATH_NOWHERE;
    const bool tells_type = number == NUMBER_STATFS || number == NUMBER_FSTATFS;
    struct code_jumps plain = {.count = 0}, other = {.count = 0};
    if (!places->says_number)
        put_choice(code, number, &other);
    code_put_test(code, places->page.off);
    code_put_jump(code, JUMP_UNEQUAL, &plain);
    if (number == NUMBER_OPENAT && places->page.reads_only)
        put_flags(code, &plain);
    /* In the stub of statfs(2) there is no room for more. */
    const struct names_test test = {path, &places->page.names, number != NUMBER_STATFS};
    const uint32_t found = path == PATH_NOWHERE ? code_put_short(code, JUMP_ALWAYS)
                                                : path_put_search(code, path, &plain);
    code_land_all(code, &plain);
    const uint32_t stopped = code->length;
    code_put_move(code, number);
    code_land_all(code, &other);
    code_put_jump_by(code, places->own);
    code_land(code, found);
    if (path != PATH_NOWHERE)
        names_put_test(code, &test, stopped);
    if (number == NUMBER_STATFS && places->page.blocks != 0)
        put_overlap(code, stopped);
    code_put_move(code, number);
    PUT(code, 0x0f, 0x05); /* syscall */
    if (tells_type)
        put_type(code, places, number);
    else
        code_put_jump_by(code, places->back);
}
