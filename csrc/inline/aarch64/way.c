/* way.c - rooms of aarch64. The program's own instruction is gone, so each room has one in its
 * place. The room compares the number in its own register and nothing else, and uses the stack only
 * for a call that is attended to: whoever makes other calls there may have none.
 *
 *       sub x8, x8, number           of Go: adr x17, land
 *       cbz x8, course                      ldr x16, stub
 *       add x8, x8, number                  br x16
 * call: svc #0
 *       b back
 * course: b way, or boot, or to the third instruction
 * way:  stp x16, x17, [sp, -FRAME_SIZE]!
 *       adr x17, land
 *       ldr x16, stub
 *       br x16
 * land: bti jc
 *       ldp x16, x17, [sp], FRAME_SIZE      cbz x16, call
 *       cbz x8, to the third instruction    b back
 *       b back
 *       the address of the stub
 * boot: code that asks for the page, with no number in it
 */
#include "../way.h"

#include <string.h>
#include <sys/mman.h>

#include "../../arch/agent_signs.h"
#include "../../arch/arch.h"
#include "../../arch/kernel.h"
#include "instructions.h"
#include "registers.h"
#include "room_shape.h"

#define ROOM_ADD 8U
#define ROOM_COURSE AGENT_COURSE_AT
#define ROOM_WAY (AGENT_COURSE_AT + AGENT_COURSE_SIZE)
/* Six arguments, and what is left alone. */
#define BOOT_FRAME 64

_Static_assert(AGENT_WAY_AT + AGENT_WAY_SIZE == ROOM_BOOT && ROOM_BOOT == AGENT_WAY_ROOM_SIZE,
               "the parts of a room");

void agent_make_course(enum agent_course course, uint8_t bytes[AGENT_COURSE_SIZE]) {
    static const uint32_t to[] = {
        [AGENT_BOOTS] = ROOM_BOOT, [AGENT_ANSWERS] = ROOM_WAY, [AGENT_LEAVES] = ROOM_ADD};
    const uint32_t jump = JUMP;
    memcpy(bytes, &jump, sizeof jump);
    struct code code = {.bytes = bytes, .length = sizeof jump};
    code_aim(&code, 0, (int64_t)to[course] - ROOM_COURSE);
}

void agent_make_way(uint64_t stub, uint8_t bytes[AGENT_WAY_SIZE]) {
    memcpy(bytes, &stub, sizeof stub);
}

static bool put_call(struct code *code, uint64_t back) {
    code_put_32(code, INSTRUCTION_CALL);
    return code_put_about(code, JUMP, 0, back);
}

static void put_way(struct code *code) {
    code_put_to(code, ADDRESS, BACK, ROOM_LAND);
    code_put_to(code, LITERAL, OTHER, AGENT_WAY_AT);
    put_jump_by(code, OTHER);
}

static void fill(struct code *code, uint32_t to) {
    while (code->length < to)
        code_put_32(code, INSTRUCTION_NONE);
}

static bool put_room_of_go(struct code *code, uint64_t back) {
    put_way(code);
    const bool near = put_call(code, back);
    fill(code, ROOM_LAND);
    code_put_32(code, INSTRUCTION_LAND);
    code_put_to(code, JUMP_ZERO, OTHER, ROOM_CALL);
    code_put_about(code, JUMP, 0, back);
    fill(code, AGENT_WAY_AT);
    return near;
}

static bool put_room(struct code *code, enum agent_course course, const struct agent_place *place) {
    uint8_t leads[AGENT_COURSE_SIZE];
    put_subtract(code, REGISTER_CALL, REGISTER_CALL, (uint32_t)place->number);
    code_put_to(code, JUMP_ZERO, REGISTER_CALL, ROOM_COURSE);
    put_add(code, REGISTER_CALL, REGISTER_CALL, (uint32_t)place->number);
    const bool near = put_call(code, place->back);
    agent_make_course(course, leads);
    code_put(code, leads, sizeof leads);
    code_put_32(code, pair(PAIR_STORE_FIRST, OTHER, BACK, -FRAME_SIZE));
    put_way(code);
    code_put_32(code, INSTRUCTION_LAND);
    code_put_32(code, pair(PAIR_LOAD_LAST, OTHER, BACK, FRAME_SIZE));
    code_put_to(code, JUMP_ZERO, REGISTER_CALL, ROOM_ADD);
    code_put_about(code, JUMP, 0, place->back);
    return near;
}

bool agent_make_way_room(uint64_t stub, uint64_t room, const struct agent_place *place,
                         uint8_t bytes[AGENT_WAY_ROOM_SIZE]) {
    struct code code = {.bytes = bytes, .address = room};
    const bool near = place->form == AGENT_FORM_GO ? put_room_of_go(&code, place->back)
                                                   : put_room(&code, AGENT_ANSWERS, place);
    code_put_64(&code, stub);
    return near;
}

/* The same wherever it is. The register of the number is 0 when it begins, and then. */
static void put_boot(struct code *code, uint64_t address) {
    const uint64_t arguments[] = {address,
                                  AGENT_REGION,
                                  PROT_READ | PROT_EXEC, /* never writable and executable */
                                  MAP_PRIVATE | MAP_ANONYMOUS | K_MAP_FIXED_NOREPLACE,
                                  UINT64_MAX,
                                  0};
    code_put_32(code, pair(PAIR_STORE_FIRST, 0, 1, -BOOT_FRAME));
    code_put_32(code, pair(PAIR_STORE, 2, 3, 16));
    code_put_32(code, pair(PAIR_STORE, 4, 5, 32));
    for (uint32_t i = 0; i < 6; i++)
        put_number(code, i, arguments[i]);
    put_number(code, REGISTER_CALL, NUMBER_MMAP);
    code_put_32(code, INSTRUCTION_CALL);
    code_put_32(code, pair(PAIR_LOAD, 4, 5, 32));
    code_put_32(code, pair(PAIR_LOAD, 2, 3, 16));
    code_put_32(code, pair(PAIR_LOAD_LAST, 0, 1, BOOT_FRAME));
    put_number(code, REGISTER_CALL, 0);
    code_put_to(code, JUMP, 0, ROOM_ADD);
}

/* ... up to AGENT_ROOM_SIZE. */
static void put_boot_part(struct code *code, uint64_t address) {
    put_boot(code, address);
    fill(code, AGENT_ROOM_SIZE);
}

bool agent_make_room(uint64_t address, uint64_t room, const struct agent_place *place,
                     uint8_t bytes[AGENT_ROOM_SIZE]) {
    struct code code = {.bytes = bytes, .address = room};
    if (place->form == AGENT_FORM_GO)
        return false;
    const bool near = put_room(&code, AGENT_BOOTS, place);
    code_put_64(&code, 0);
    put_boot_part(&code, address);
    return near;
}

bool agent_boots(uint64_t address, const uint8_t bytes[AGENT_ROOM_SIZE]) {
    uint8_t boot[AGENT_ROOM_SIZE], course[AGENT_COURSE_SIZE];
    struct code code = {.bytes = boot, .length = ROOM_BOOT};
    put_boot_part(&code, address);
    agent_make_course(AGENT_BOOTS, course);
    return memcmp(bytes + ROOM_COURSE, course, sizeof course) == 0 &&
           memcmp(bytes + ROOM_BOOT, boot + ROOM_BOOT, AGENT_ROOM_SIZE - ROOM_BOOT) == 0;
}

bool agent_is_room(uint64_t address, uint64_t room, const struct agent_place *place,
                   const uint8_t bytes[AGENT_ROOM_SIZE]) {
    uint8_t wanted[AGENT_ROOM_SIZE];
    return agent_make_room(address, room, place, wanted) &&
           memcmp(bytes, wanted, AGENT_WAY_AT) == 0 && agent_boots(address, bytes);
}
