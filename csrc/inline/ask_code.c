/* ask_code.c - writes that code. Rule: as in its header. */
#include "ask_code.h"

#include <stddef.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "path_code.h"

#define PATH_SIZE 4096U /* PATH_MAX */

struct ask_call {
    int32_t number;
    bool has_path;
    enum names_register path;
};

static const struct ask_call calls[] = {
    {NUMBER_STATFS, true, NAMES_RDI},     {NUMBER_FSTATFS, false, NAMES_RDI},
    {NUMBER_NEWFSTATAT, true, NAMES_RSI}, {NUMBER_STATX, true, NAMES_RSI},
    {NUMBER_FACCESSAT, true, NAMES_RSI},  {NUMBER_FACCESSAT2, true, NAMES_RSI},
    {NUMBER_READLINKAT, true, NAMES_RSI},
#ifdef NUMBER_STAT
    {NUMBER_STAT, true, NAMES_RDI},       {NUMBER_LSTAT, true, NAMES_RDI},
    {NUMBER_ACCESS, true, NAMES_RDI},     {NUMBER_READLINK, true, NAMES_RDI},
#endif
};

static const struct ask_call *find(int32_t number) {
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

bool ask_knows(int32_t number) {
    return find(number) != NULL;
}

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
static void put_type(struct code *code, const struct ask_places *places, int32_t number) {
    struct code_jumps again = {.count = 0};
    PUT(code, 0x48, 0x85, 0xc0); /* test %rax, %rax */
    const uint32_t failed = code_put_short(code, JUMP_UNEQUAL);
    PUT(code, 0x48, 0x8b, 0x0e);     /* mov (%rsi), %rcx: f_type */
    if (places->blocks != 0) {       /* of a file in memory, which may be ours, more is told */
        PUT(code, 0x48, 0x81, 0xf9); /* cmp $K_TMPFS_MAGIC, %rcx */
        code_put_32(code, K_TMPFS_MAGIC);
        const uint32_t other = code_put_short(code, JUMP_UNEQUAL);
        PUT(code, 0x4c, 0x8b, 0x5e, offsetof(struct k_statfs, f_blocks)); /* mov 16(%rsi), %r11 */
        PUT(code, 0x4c, 0x3b, 0x1d); /* cmp blocks(%rip), %r11 */
        code_put_distance(code, places->blocks, 0);
        code_put_jump(code, JUMP_EQUAL, &again);
        code_land(code, other);
    }
    PUT(code, 0x4c, 0x8d, 0x1d); /* lea types(%rip), %r11 */
    code_put_distance(code, places->types, 0);
    const uint32_t next = code->length;
    PUT(code, 0x49, 0x3b, 0x0b); /* cmp (%r11), %rcx */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x49, 0x83, 0xc3, sizeof(struct ask_pair)); /* add $16, %r11 */
    PUT(code, 0x49, 0x83, 0x3b, 0xff);                    /* cmpq $ASK_END_OF_TYPES, (%r11) */
    code_put_back_to(code, JUMP_UNEQUAL, next);
    code_land(code, failed);
    const uint32_t done = code->length;
    code_put_jump_by(code, places->back);
    code_land(code, found);
    PUT(code, 0x49, 0x8b, 0x4b, offsetof(struct ask_pair, to)); /* mov 8(%r11), %rcx */
    PUT(code, 0x48, 0x89, 0x0e);                                /* mov %rcx, (%rsi) */
    code_put_back_to(code, JUMP_ALWAYS, done);
    code_land_all(code, &again);
    code_put_move(code, number);
    code_put_jump_by(code, places->own);
}

void ask_put_code(struct code *code, const struct ask_places *places, int32_t number) {
    const struct ask_call *call = find(number);
    const bool looks = call->has_path && places->names.set != 0;
    const bool tells_type = number == NUMBER_STATFS || number == NUMBER_FSTATFS;
    struct code_jumps plain = {.count = 0};
    code_put_test(code, places->off);
    code_put_jump(code, JUMP_UNEQUAL, &plain);
    const uint32_t found =
        looks ? path_put_search(code, call->path, &plain) : code_put_short(code, JUMP_ALWAYS);
    code_land_all(code, &plain);
    const uint32_t stopped = code->length;
    code_put_move(code, number);
    code_put_jump_by(code, places->own);
    code_land(code, found);
    if (looks)
        names_put_test(code, call->path, &places->names, stopped);
    if (number == NUMBER_STATFS && places->blocks != 0)
        put_overlap(code, stopped);
    code_put_move(code, number);
    PUT(code, 0x0f, 0x05); /* syscall */
    if (tells_type)
        put_type(code, places, number);
    else
        code_put_jump_by(code, places->back);
}
