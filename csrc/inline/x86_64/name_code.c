/* name_code.c - writes that code. Rule: as in its header. */
#include "name_code.h"

#define JUMP_SIZE 5

/* The carry flag: whether the set has the number in %ecx. */
static void put_look(struct code *code, uint32_t mask, uint64_t set) {
    if (mask != UINT32_MAX) {
        PUT(code, 0x81, 0xe1); /* and $mask, %ecx */
        code_put_32(code, mask);
    }
    PUT(code, 0x69, 0xc9); /* imul $NAMES_FACTOR, %ecx, %ecx */
    code_put_32(code, NAMES_FACTOR);
    PUT(code, 0xc1, 0xe9, NAMES_SHIFT); /* shr $NAMES_SHIFT, %ecx */
    PUT(code, 0x0f, 0xa3, 0x0d);        /* bt %ecx, set(%rip) */
    code_put_distance(code, set, 0);
}

/* The same for more bytes, of a path that has as many. */
static void put_long_look(struct code *code, const struct names_test *test, uint32_t candidate) {
    PUT(code, 0x49, 0x8d, 0x4b, (uint8_t)-NAMES_LONGEST_END);      /* lea -8(%r11), %rcx */
    PUT(code, 0x48, 0x39, test->path == PATH_FIRST ? 0xf9 : 0xf1); /* cmp path, %rcx */
    code_put_back_to(code, JUMP_BELOW, candidate);
    PUT(code, 0x48, 0x8d, 0x05, JUMP_SIZE, 0, 0, 0); /* lea behind(%rip), %rax */
    PUT(code, 0xe9);                                 /* jmp look */
    code_put_distance(code, test->names->look, 0);
}

static void put_looks(struct code *code, const struct names_test *test, uint32_t candidate) {
    const struct names_place *names = test->names;
    struct code_jumps found = {.count = 0};
    if (names->shortest == NAMES_LEAST) {
        PUT(code, 0x89, 0xc8); /* mov %ecx, %eax */
        put_look(code, UINT32_MAX, names->set);
        code_put_jump(code, JUMP_BELOW, &found);
        PUT(code, 0x89, 0xc1); /* mov %eax, %ecx */
        put_look(code, NAMES_MASK_OF_LEAST, names->set);
    } else
        put_look(code, UINT32_MAX, names->set);
    if (names->look != 0 && test->closely) {
        const uint32_t none = code_put_short(code, JUMP_NOT_BELOW);
        code_land_all(code, &found);
        found.count = 0;
        put_long_look(code, test, candidate);
        code_land(code, none);
    }
    code_land_all(code, &found);
    code_put_back_to(code, JUMP_BELOW, candidate);
}

/* A slash at the end is left out; more of them are not. */
static void put_slash(struct code *code, bool closely, uint32_t candidate) {
    static const uint8_t is_slash[] = {0x41, 0x80, 0x7b, 0xff, '/'}; /* cmpb $'/', -1(%r11) */
    code_put(code, is_slash, sizeof is_slash);
    if (closely) {
        const uint32_t none = code_put_short(code, JUMP_UNEQUAL);
        PUT(code, 0x49, 0xff, 0xcb);             /* dec %r11 */
        PUT(code, 0x48, 0xff, 0xc9);             /* dec %rcx */
        PUT(code, 0x48, 0x83, 0xf9, NAMES_TAIL); /* cmp $NAMES_TAIL, %rcx */
        code_put_back_to(code, JUMP_BELOW, candidate);
        code_put(code, is_slash, sizeof is_slash);
        code_put_back_to(code, JUMP_EQUAL, candidate);
        code_land(code, none);
    } else
        code_put_back_to(code, JUMP_EQUAL, candidate);
}

/* A path of two or three bytes, in %rcx: as if a slash stood before it. No other thread can have it
 * read more, whatever it writes there. */
static void put_load_short(struct code *code) {
    PUT(code, 0x83, 0xf9, 2); /* cmp $2, %ecx */
    const uint32_t two = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x41, 0x0f, 0xb7, 0x4b, (uint8_t)-3); /* movzwl -3(%r11), %ecx */
    PUT(code, 0xc1, 0xe1, 8);                       /* shl $8, %ecx */
    PUT(code, 0x41, 0x0f, 0xb6, 0x43, (uint8_t)-1); /* movzbl -1(%r11), %eax */
    PUT(code, 0xc1, 0xe0, 24);                      /* shl $24, %eax */
    PUT(code, 0x09, 0xc1);                          /* or %eax, %ecx */
    PUT(code, 0x83, 0xc9, '/');                     /* or $'/', %ecx */
    const uint32_t loaded = code_put_short(code, JUMP_ALWAYS);
    code_land(code, two);
    PUT(code, 0x41, 0x0f, 0xb7, 0x4b, (uint8_t)-2); /* movzwl -2(%r11), %ecx */
    PUT(code, 0xc1, 0xe1, 16);                      /* shl $16, %ecx */
    PUT(code, 0x81, 0xc9);                          /* or $'/' << 8, %ecx */
    code_put_32(code, '/' << 8);
    code_land(code, loaded);
}

void names_put_test(struct code *code, const struct names_test *test, uint32_t candidate) {
    const struct names_place *names = test->names;
    const bool all_long = names->shortest > NAMES_TAIL, looks_at_short = !all_long && test->closely;
    uint32_t other = 0, loaded = 0;
    PUT(code, 0x4c, 0x89, 0xd9);                                   /* mov %r11, %rcx */
    PUT(code, 0x48, 0x29, test->path == PATH_FIRST ? 0xf9 : 0xf1); /* sub path, %rcx */
    PUT(code, 0x48, 0x83, 0xf9, looks_at_short ? 2 : NAMES_TAIL);  /* cmp ..., %rcx */
    if (all_long || looks_at_short)
        other = code_put_long(code, JUMP_BELOW);
    else
        code_put_back_to(code, JUMP_BELOW, candidate);
    put_slash(code, test->closely, candidate); /* the name stands before it */
    if (looks_at_short) {
        PUT(code, 0x48, 0x83, 0xf9, NAMES_TAIL); /* cmp $NAMES_TAIL, %rcx */
        const uint32_t is_long = code_put_short(code, JUMP_NOT_BELOW);
        put_load_short(code);
        loaded = code_put_short(code, JUMP_ALWAYS);
        code_land(code, is_long);
    }
    PUT(code, 0x41, 0x8b, 0x4b, (uint8_t)-NAMES_TAIL); /* mov -NAMES_TAIL(%r11), %ecx */
    if (looks_at_short)
        code_land(code, loaded);
    put_looks(code, test, candidate);
    if (all_long || looks_at_short)
        code_land_long(code, other);
}

void names_put_look(struct code *code, uint64_t ends) {
    PUT(code, 0x4d, 0x8b, 0x5b, (uint8_t)-NAMES_LONGEST_END); /* mov -8(%r11), %r11 */
    PUT(code, 0x48, 0x8d, 0x0d);                              /* lea ends(%rip), %rcx */
    code_put_distance(code, ends, 0);
    const uint32_t next = code->length;
    PUT(code, 0x4c, 0x3b, 0x19); /* cmp (%rcx), %r11 */
    const uint32_t found = code_put_short(code, JUMP_EQUAL);
    PUT(code, 0x48, 0x83, 0x39, 0);    /* cmpq $0, (%rcx) */
    PUT(code, 0x48, 0x8d, 0x49, 0x08); /* lea 8(%rcx), %rcx */
    code_put_back_to(code, JUMP_UNEQUAL, next);
    PUT(code, 0x49, 0xc1, 0xeb, 8);    /* shr $8, %r11: of these one byte less is known */
    PUT(code, 0x48, 0x83, 0x39, 0xff); /* cmpq $NAMES_END_OF_ENDS, (%rcx) */
    code_put_back_to(code, JUMP_UNEQUAL, next);
    PUT(code, 0xff, 0xe0); /* jmp *%rax; no carry */
    code_land(code, found);
    PUT(code, 0xf9);       /* stc */
    PUT(code, 0xff, 0xe0); /* jmp *%rax */
}
