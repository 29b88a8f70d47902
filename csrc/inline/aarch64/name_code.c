/* name_code.c - writes that code. Rule: as in its header. */
#include "name_code.h"

#include "registers.h"

static void put_look(struct code *code, uint32_t mask, uint64_t set, uint32_t candidate) {
    put_load_4(code, SCRATCH, KEPT, -(int32_t)NAMES_TAIL);
    if (mask == NAMES_MASK_OF_LEAST)
        code_put_32(code, 0x12185c00U | SCRATCH << 5 | SCRATCH); /* and w, w, 0xffffff00 */
    put_number(code, OTHER, NAMES_FACTOR);
    code_put_32(code, of_three(0x1b007c00U, SCRATCH, SCRATCH, OTHER)); /* mul w */
    code_put_about(code, ADDRESS, OTHER, set);
    /* The byte, then the bit in it. */
    code_put_32(code, of_three(0x8b400000U | (NAMES_SHIFT + 3) << 10, OTHER, OTHER,
                               SCRATCH)); /* add OTHER, OTHER, SCRATCH, lsr SHIFT + 3 */
    put_load_byte(code, OTHER, OTHER, 0);
    code_put_32(code, 0x53000000U | NAMES_SHIFT << 16 | (NAMES_SHIFT + 2) << 10 | SCRATCH << 5 |
                          SCRATCH);                                  /* ubfx w, w, SHIFT, 3 */
    code_put_32(code, of_three(0x1ac02400U, OTHER, OTHER, SCRATCH)); /* lsr w */
    code_put_to(code, JUMP_ODD_W, OTHER, candidate);
}

void name_put_test(struct code *code, enum path_argument path, const struct names_place *names,
                   uint32_t candidate) {
    const bool all_long = names->shortest > NAMES_TAIL;
    uint32_t other = 0;
    put_difference(code, SCRATCH, KEPT, path_register(path));
    put_subtract(code, SCRATCH, SCRATCH, NAMES_TAIL);
    if (all_long)
        other = code_put_open(code, JUMP_NEGATIVE, SCRATCH);
    else
        code_put_to(code, JUMP_NEGATIVE, SCRATCH, candidate);
    put_load_byte(code, SCRATCH, KEPT, -1); /* a slash: the name stands before it */
    put_subtract(code, SCRATCH, SCRATCH, '/');
    code_put_to(code, JUMP_ZERO, SCRATCH, candidate);
    put_look(code, UINT32_MAX, names->set, candidate);
    if (names->shortest == NAMES_LEAST)
        put_look(code, NAMES_MASK_OF_LEAST, names->set, candidate);
    if (all_long)
        code_land(code, other);
}
