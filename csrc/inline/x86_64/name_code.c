/* name_code.c - writes that code. Rule: as in its header. */
#include "name_code.h"

static void put_look(struct code *code, uint32_t mask, uint64_t set, uint32_t candidate) {
    PUT(code, 0x41, 0x8b, 0x4b, (uint8_t)-NAMES_TAIL); /* mov -NAMES_TAIL(%r11), %ecx */
    if (mask != UINT32_MAX) {
        PUT(code, 0x81, 0xe1); /* and $mask, %ecx */
        code_put_32(code, mask);
    }
    PUT(code, 0x69, 0xc9); /* imul $NAMES_FACTOR, %ecx, %ecx */
    code_put_32(code, NAMES_FACTOR);
    PUT(code, 0xc1, 0xe9, NAMES_SHIFT); /* shr $NAMES_SHIFT, %ecx */
    PUT(code, 0x0f, 0xa3, 0x0d);        /* bt %ecx, set(%rip) */
    code_put_distance(code, set, 0);
    code_put_back_to(code, JUMP_BELOW, candidate);
}

void names_put_test(struct code *code, enum path_argument path, const struct names_place *names,
                    uint32_t candidate) {
    const bool all_long = names->shortest > NAMES_TAIL;
    uint32_t other = 0;
    PUT(code, 0x4c, 0x89, 0xd9);                             /* mov %r11, %rcx */
    PUT(code, 0x48, 0x29, path == PATH_FIRST ? 0xf9 : 0xf1); /* sub path, %rcx */
    PUT(code, 0x48, 0x83, 0xf9, NAMES_TAIL);                 /* cmp $NAMES_TAIL, %rcx */
    if (all_long)
        other = code_put_short(code, JUMP_BELOW);
    else
        code_put_back_to(code, JUMP_BELOW, candidate);
    PUT(code, 0x41, 0x80, 0x7b, 0xff, '/'); /* cmpb $'/', -1(%r11): the name stands before it */
    code_put_back_to(code, JUMP_EQUAL, candidate);
    put_look(code, UINT32_MAX, names->set, candidate);
    if (names->shortest == NAMES_LEAST)
        put_look(code, NAMES_MASK_OF_LEAST, names->set, candidate);
    if (all_long)
        code_land(code, other);
}
