/* way.c - rooms of x86_64. */
#include "../way.h"

#include <string.h>
#include <sys/mman.h>

#include "../../arch/agent_signs.h"
#include "../../arch/arch.h"
#include "../../arch/kernel.h"
#include "load.h"

#define BOOT_AT 2U
#define TAIL_AT (AGENT_WAY_AT - TAIL_SIZE)
#define TAIL_SIZE (AGENT_JUMP_SIZE + AGENT_JUMP_SIZE) /* a load, a jump */

static uint8_t course_byte(enum agent_course course) {
    static const uint8_t to[] = {
        [AGENT_BOOTS] = BOOT_AT, [AGENT_ANSWERS] = AGENT_WAY_AT, [AGENT_LEAVES] = TAIL_AT};
    return (uint8_t)(to[course] - BOOT_AT);
}

void agent_make_course(enum agent_course course, uint8_t bytes[AGENT_COURSE_SIZE]) {
    *bytes = course_byte(course);
}

void agent_make_way(uint64_t stub, uint8_t bytes[AGENT_WAY_SIZE]) {
    struct code code = {.bytes = bytes};
    PUT(&code, 0xff, 0x25, 0, 0, 0, 0); /* jmp *0(%rip) */
    code_put_64(&code, stub);
}

/* No part of a room looks as if nothing was there. */
#define FILLING 0xcc /* int3 */

bool agent_make_way_room(uint64_t stub, uint64_t room, const struct agent_place *place,
                         uint8_t bytes[AGENT_WAY_ROOM_SIZE]) {
    (void)room;
    (void)place;
    memset(bytes, FILLING, AGENT_WAY_ROOM_SIZE);
    agent_make_way(stub, bytes);
    return true;
}

static void put_boot(struct code *code, uint64_t address) {
    PUT(code, 0x48, 0x8d, 0x64, 0x24, 0x80); /* lea -128(%rsp), %rsp */
    PUT(code, 0x50, 0x57, 0x56, 0x52, 0x41, 0x52, 0x41, 0x50, 0x41,
        0x51);             /* push %rax and the arguments */
    PUT(code, 0x48, 0xbf); /* mov $address, %rdi */
    code_put_64(code, address);
    PUT(code, 0xbe); /* mov $AGENT_REGION, %esi */
    code_put_32(code, AGENT_REGION);
    PUT(code, 0xba); /* mov $..., %edx: never writable and executable */
    code_put_32(code, PROT_READ | PROT_EXEC);
    PUT(code, 0x41, 0xba); /* mov $..., %r10d */
    code_put_32(code, MAP_PRIVATE | MAP_ANONYMOUS | K_MAP_FIXED_NOREPLACE);
    PUT(code, 0x49, 0x83, 0xc8, 0xff); /* or $-1, %r8 */
    PUT(code, 0x45, 0x31, 0xc9);       /* xor %r9d, %r9d */
    code_put_move(code, NUMBER_MMAP);
    PUT(code, 0x0f, 0x05);                                                 /* syscall */
    PUT(code, 0x41, 0x59, 0x41, 0x58, 0x41, 0x5a, 0x5a, 0x5e, 0x5f, 0x58); /* pop them */
    PUT(code, 0x48, 0x8d, 0xa4, 0x24);                                     /* lea 128(%rsp), %rsp */
    code_put_32(code, 128);
}

bool agent_make_room(uint64_t address, uint64_t room, const struct agent_place *place,
                     uint8_t bytes[AGENT_ROOM_SIZE]) {
    struct code code = {.bytes = bytes, .address = room};
    memset(bytes, FILLING, AGENT_ROOM_SIZE);
    PUT(&code, JUMP_ALWAYS, course_byte(AGENT_BOOTS));
    put_boot(&code, address);
    PUT(&code, JUMP_ALWAYS, (uint8_t)(TAIL_AT - code.length - 2));
    code.length = TAIL_AT;
    load_put(&code, place);
    PUT(&code, 0xe9); /* jmp to the program's own instruction */
    code_put_distance(&code, place->back - CALL_SIZE, 0);
    return code_is_near(room, place->back);
}

bool agent_boots(uint64_t address, const uint8_t bytes[AGENT_ROOM_SIZE]) {
    uint8_t boot[AGENT_ROOM_SIZE];
    struct code code = {.bytes = boot};
    PUT(&code, JUMP_ALWAYS, course_byte(AGENT_BOOTS));
    put_boot(&code, address);
    return memcmp(bytes, boot, code.length) == 0;
}

bool agent_is_room(uint64_t address, uint64_t room, const struct agent_place *place,
                   const uint8_t bytes[AGENT_ROOM_SIZE]) {
    uint8_t wanted[AGENT_ROOM_SIZE];
    return agent_make_room(address, room, place, wanted) &&
           memcmp(bytes, wanted, AGENT_WAY_AT) == 0;
}
