/* ask_code.c - writes that code. Rule: as in its header; whatever the kernel might have said
 * without reading the path, or while it wrote over it, is asked again where the call is stopped. */
#include "ask_code.h"

#include <errno.h>
#include <sys/stat.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"

#define PATH_SIZE 4096U /* PATH_MAX */

/* By argument: %rdi, %rsi, %rdx, %r8, %r10. */
enum place { NONE, FIRST, SECOND, THIRD, FOURTH, FIFTH };

struct ask_call {
    int32_t number;
    enum place path, answer;
    enum place size; /* of the answer; NONE: it is as long as `bytes` */
    uint32_t bytes;
};

static const struct ask_call calls[] = {
    {NUMBER_STATFS, FIRST, SECOND, NONE, sizeof(struct k_statfs)},
    {NUMBER_FSTATFS, NONE, SECOND, NONE, sizeof(struct k_statfs)},
    {NUMBER_NEWFSTATAT, SECOND, THIRD, NONE, sizeof(struct stat)},
    {NUMBER_STATX, SECOND, FIFTH, NONE, sizeof(struct k_statx)},
    {NUMBER_FACCESSAT, SECOND, NONE, NONE, 0},
    {NUMBER_FACCESSAT2, SECOND, NONE, NONE, 0},
    {NUMBER_READLINKAT, SECOND, THIRD, FOURTH, 0},
#ifdef NUMBER_STAT
    {NUMBER_STAT, FIRST, SECOND, NONE, sizeof(struct stat)},
    {NUMBER_LSTAT, FIRST, SECOND, NONE, sizeof(struct stat)},
    {NUMBER_ACCESS, FIRST, NONE, NONE, 0},
    {NUMBER_READLINK, FIRST, SECOND, THIRD, 0},
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

/* ---- before the call ---- */

/* Short jumps to code that comes later. */
struct jumps {
    uint32_t at[6];
    unsigned count;
};

static void put_jump(struct code *code, uint8_t operation, struct jumps *jumps) {
    jumps->at[jumps->count++] = code_put_short(code, operation);
}

static void land_all(struct code *code, const struct jumps *jumps) {
    for (unsigned i = 0; i < jumps->count; i++)
        code_land(code, jumps->at[i]);
}

/* A path that the answer may overwrite could not be looked at afterwards. */
static void put_overlap(struct code *code, const struct ask_call *call, struct jumps *stopped) {
    PUT(code, 0x48, 0x89, call->path == FIRST ? 0xf9 : 0xf1); /* mov path, %rcx */
    switch (call->answer) {                                   /* sub answer, %rcx */
    case SECOND:
        PUT(code, 0x48, 0x29, 0xf1);
        break;
    case THIRD:
        PUT(code, 0x48, 0x29, 0xd1);
        break;
    default:
        PUT(code, 0x4c, 0x29, 0xc1);
    }
    PUT(code, 0x48, 0x81, 0xc1); /* add $PATH_SIZE, %rcx */
    code_put_32(code, PATH_SIZE);
    if (call->size == NONE) {
        PUT(code, 0x48, 0x81, 0xf9); /* cmp $(PATH_SIZE + bytes), %rcx */
        code_put_32(code, PATH_SIZE + call->bytes);
    } else {
        PUT(code, call->size == THIRD ? 0x41 : 0x45, 0x89, 0xd3); /* mov size, %r11d */
        PUT(code, 0x49, 0x81, 0xc3);                              /* add $PATH_SIZE, %r11 */
        code_put_32(code, PATH_SIZE);
        PUT(code, 0x4c, 0x39, 0xd9); /* cmp %r11, %rcx */
    }
    put_jump(code, JUMP_BELOW, stopped);
}

/* Without room for an answer, or with a path that is none, the kernel may not read the path. */
static void put_conditions(struct code *code, const struct ask_call *call, struct jumps *stopped) {
    PUT(code, 0x48, 0x85, call->path == FIRST ? 0xff : 0xf6); /* test path, path */
    put_jump(code, JUMP_EQUAL, stopped);
    if (call->size == THIRD)
        PUT(code, 0x85, 0xd2); /* test %edx, %edx */
    else if (call->size == FOURTH)
        PUT(code, 0x45, 0x85, 0xd2); /* test %r10d, %r10d */
    if (call->size != NONE)
        put_jump(code, JUMP_NOT_GREATER, stopped);
}

/* ---- behind it ---- */

/* Goes to what is put next only with a result which says that the path was read. */
static void put_results(struct code *code, const struct ask_call *call, struct jumps *read) {
    PUT(code, 0x48, 0x85, 0xc0); /* test %rax, %rax */
    put_jump(code, JUMP_NOT_NEGATIVE, read);
    PUT(code, 0x83, 0xf8, (uint8_t)-ENOENT); /* cmp $-ENOENT, %eax */
    put_jump(code, JUMP_EQUAL, read);
    PUT(code, 0x83, 0xf8, (uint8_t)-ENOTDIR); /* cmp $-ENOTDIR, %eax */
    put_jump(code, JUMP_EQUAL, read);
    if (call->size != NONE) {
        PUT(code, 0x83, 0xf8, (uint8_t)-EINVAL); /* cmp $-EINVAL, %eax: no link */
        put_jump(code, JUMP_EQUAL, read);
    }
}

static void put_look(struct code *code, const struct ask_call *call,
                     const struct names_place *names, uint32_t stopped) {
    const bool first = call->path == FIRST;
    PUT(code, 0x49, 0x89, first ? 0xfb : 0xf3); /* mov path, %r11 */
    PUT(code, JUMP_ALWAYS, 3);                  /* past the next instruction */
    const uint32_t next = code->length;
    PUT(code, 0x49, 0xff, 0xc3);    /* inc %r11 */
    PUT(code, 0x41, 0x80, 0x3b, 0); /* cmpb $0, (%r11) */
    code_put_back_to(code, JUMP_UNEQUAL, next);
    names_put_test(code, first ? NAMES_RDI : NAMES_RSI, names, stopped);
}

/* The type in the answer, as a rule wants it. */
static void put_type(struct code *code, const struct ask_places *places, uint32_t stopped) {
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
        code_put_back_to(code, JUMP_EQUAL, stopped);
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
}

void ask_put_code(struct code *code, const struct ask_places *places, int32_t number) {
    const struct ask_call *call = find(number);
    const bool has_path = call->path != NONE;
    const bool looks = has_path && places->names.set != 0;
    struct jumps stopped = {.count = 0}, read = {.count = 0};
    code_put_test(code, places->off);
    put_jump(code, JUMP_UNEQUAL, &stopped);
    if (looks)
        put_conditions(code, call, &stopped);
    if (has_path && call->answer != NONE && (looks || places->blocks != 0))
        put_overlap(code, call, &stopped);
    code_put_move(code, number);
    PUT(code, 0x0f, 0x05); /* syscall */
    if (looks)
        put_results(code, call, &read);
    else
        put_jump(code, JUMP_ALWAYS, &read);
    land_all(code, &stopped);
    const uint32_t own = code->length;
    code_put_move(code, number);
    code_put_jump_by(code, places->own);
    land_all(code, &read);
    if (looks)
        put_look(code, call, &places->names, own);
    if (number == NUMBER_STATFS || number == NUMBER_FSTATFS)
        put_type(code, places, own);
    else
        code_put_jump_by(code, places->back);
}
