/* call_code.c - writes that code. Rule: as in its header. */
#include "call_code.h"

#include <stddef.h>

#include "../../arch/arch.h"
#include "../../arch/call_table.h"
#include "../../arch/kernel.h"
#include "../attended.h"
#include "name_code.h"
#include "path_code.h"
#include "registers.h"
#include "room_shape.h"

#define PATH_SIZE 4096U /* PATH_MAX */

static void put_back(struct code *code, bool keeps) {
    if (keeps)
        put_load(code, KEPT, STACK, FRAME_KEPT);
    put_jump_by(code, BACK);
}

static void put_left(struct code *code, int32_t number, bool keeps) {
    put_number(code, REGISTER_CALL, keeps ? 0 : (uint64_t)number);
    if (!keeps)
        put_number(code, OTHER, 0);
    put_back(code, keeps);
}

static void put_made(struct code *code, int32_t number, bool keeps) {
    put_number(code, REGISTER_CALL, (uint64_t)number);
    if (!keeps)
        put_number(code, OTHER, 1);
    put_back(code, keeps);
}

/* A statfs(2) whose answer may overwrite its path could not be made again. What memory is tagged
 * with is no part of its address. */
static void put_overlap(struct code *code, uint32_t stopped) {
    code_put_32(code, 0xd378dc00U | 0 << 5 | SCRATCH); /* lsl SCRATCH, x0, 8 */
    code_put_32(code, 0xd378dc00U | 1 << 5 | OTHER);   /* lsl OTHER, x1, 8 */
    put_difference(code, SCRATCH, SCRATCH, OTHER);
    code_put_32(code, 0x9348fc00U | SCRATCH << 5 | SCRATCH); /* asr SCRATCH, SCRATCH, 8 */
    put_add(code, SCRATCH, SCRATCH, PATH_SIZE);
    const uint32_t other = code_put_open(code, JUMP_NEGATIVE, SCRATCH);
    put_subtract(code, SCRATCH, SCRATCH, PATH_SIZE + sizeof(struct k_statfs));
    code_put_to(code, JUMP_NEGATIVE, SCRATCH, stopped);
    code_land(code, other);
}

/* The type in the answer, as a rule wants it. The result is 0 then, so its register is free until
 * it is 0 again. KEPT: the first argument. */
static void put_type(struct code *code, const struct agent_places *places, int32_t number,
                     bool keeps, uint32_t stopped) {
    struct code_jumps made = {.count = 0};
    uint32_t again = 0;
    code_put_jump(code, JUMP_NOT_ZERO, 0, &made);
    put_load(code, SCRATCH, 1, offsetof(struct k_statfs, f_type));
    if (places->blocks != 0) { /* of a file in memory, which may be ours, more is told */
        put_number(code, OTHER, K_TMPFS_MAGIC);
        put_difference(code, OTHER, OTHER, SCRATCH);
        const uint32_t other = code_put_open(code, JUMP_NOT_ZERO, OTHER);
        put_load(code, OTHER, 1, offsetof(struct k_statfs, f_blocks));
        code_put_about(code, LITERAL, 0, places->blocks);
        put_difference(code, 0, 0, OTHER);
        again = code_put_open(code, JUMP_ZERO, 0);
        code_land(code, other);
    }
    code_put_about(code, ADDRESS, OTHER, places->types);
    const uint32_t next = code->length;
    put_load(code, 0, OTHER, offsetof(struct agent_pair, from));
    put_difference(code, 0, 0, SCRATCH);
    const uint32_t found = code_put_open(code, JUMP_ZERO, 0);
    put_add(code, OTHER, OTHER, sizeof(struct agent_pair));
    put_load(code, 0, OTHER, offsetof(struct agent_pair, from));
    put_add(code, 0, 0, 1); /* 0: it was AGENT_END_OF_TYPES */
    code_put_to(code, JUMP_NOT_ZERO, 0, next);
    code_put_jump(code, JUMP, 0, &made);
    code_land(code, found);
    put_load(code, SCRATCH, OTHER, offsetof(struct agent_pair, to));
    put_store(code, SCRATCH, 1, offsetof(struct k_statfs, f_type));
    code_land_all(code, &made);
    put_made(code, number, keeps);
    if (places->blocks != 0) {
        code_land(code, again);
        put_move(code, 0, KEPT);
        code_put_to(code, JUMP, 0, stopped);
    }
}

/* Is it an open that the filter lets run anyway? */
static void put_flags(struct code *code, struct code_jumps *plain) {
    put_number(code, SCRATCH, OPEN_NEVER_A_TABLE);
    code_put_32(code, of_three(0x0a000000U, SCRATCH, SCRATCH, 2)); /* and w */
    code_put_jump(code, JUMP_NOT_ZERO, SCRATCH, plain);
}

void call_put_code(struct code *code, const struct agent_places *places, int32_t number,
                   bool keeps) {
    const bool tells_type = number == NUMBER_STATFS || number == NUMBER_FSTATFS;
    enum path_argument path;
    struct code_jumps plain = {.count = 0};
    if (!attended_call(number, &path) || places->names.set == 0)
        path = PATH_NOWHERE;
    if (keeps)
        put_store(code, KEPT, STACK, FRAME_KEPT);
    code_put_about(code, ADDRESS, OTHER, places->off);
    put_load_byte(code, OTHER, OTHER, 0);
    code_put_jump(code, JUMP_NOT_ZERO, OTHER, &plain);
    if (number == NUMBER_OPENAT && places->reads_only)
        put_flags(code, &plain);
    const uint32_t found =
        path == PATH_NOWHERE ? code_put_open(code, JUMP, 0) : path_put_search(code, path, &plain);
    code_land_all(code, &plain);
    const uint32_t stopped = code->length;
    put_left(code, number, keeps);
    code_land(code, found);
    if (path != PATH_NOWHERE)
        name_put_test(code, path, &places->names, stopped);
    if (number == NUMBER_STATFS && places->blocks != 0)
        put_overlap(code, stopped);
    if (tells_type)
        put_move(code, KEPT, 0);
    put_number(code, REGISTER_CALL, (uint64_t)number);
    code_put_32(code, INSTRUCTION_CALL);
    if (tells_type)
        put_type(code, places, number, keeps, stopped);
    else
        put_made(code, number, keeps);
}
