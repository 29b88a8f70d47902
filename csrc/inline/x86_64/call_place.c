/* call_place.c - places of x86_64: the five bytes before the call become a jump. */
#include "../call_place.h"

#include <string.h>

#include "../../arch/arch.h"
#include "../attended.h"
#include "load.h"

#define GO_BEFORE 14U /* of it, before where the call returns to */

/* Syscall6 of internal/runtime/syscall, Go 1.21 to 1.26, and the first of what fills the space
 * behind it. */
static const uint8_t code_of_go[GO_BEFORE + AGENT_BEHIND] = {
    0x49, 0x89, 0xf2,                         /* mov %rsi, %r10 */
    0x48, 0x89, 0xfa,                         /* mov %rdi, %rdx */
    0x48, 0x89, 0xce,                         /* mov %rcx, %rsi */
    0x48, 0x89, 0xdf,                         /* mov %rbx, %rdi */
    0x0f, 0x05,                               /* syscall */
    0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff,       /* cmp $-4095, %rax */
    0x76, 0x15,                               /* jbe */
    0x48, 0xf7, 0xd8,                         /* neg %rax */
    0x48, 0x89, 0xc1,                         /* mov %rax, %rcx */
    0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, /* mov $-1, %rax */
    0x48, 0xc7, 0xc3, 0x00, 0x00, 0x00, 0x00, /* mov $0, %rbx */
    0xc3,                                     /* ret */
    0x48, 0x89, 0xd3,                         /* mov %rdx, %rbx */
    0x48, 0xc7, 0xc1, 0x00, 0x00, 0x00, 0x00, /* mov $0, %rcx */
    0xc3,                                     /* ret */
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
};
#define GO_LOAD_SIZE 3U
#define SHORT_JUMP_SIZE 2U
/* In that space: the jump of five bytes, for which there is none before the call. */
#define GO_FAR (AGENT_BEFORE + AGENT_BEHIND - AGENT_JUMP_SIZE)
#define GO_BEGIN (AGENT_BEFORE - CALL_SIZE - GO_LOAD_SIZE)

#define MOST_MOVES 4

/* What fills the space between the end of a function's code and a place that is jumped to. */
static const struct {
    uint8_t size, bytes[8];
} fillings[] = {
    {8, {0x0f, 0x1f, 0x84}}, {7, {0x0f, 0x1f, 0x80}}, {6, {0x66, 0x0f, 0x1f, 0x44}},
    {5, {0x0f, 0x1f, 0x44}}, {4, {0x0f, 0x1f, 0x40}},
};
#define FILLINGS (sizeof fillings / sizeof *fillings)
static const uint8_t ends[] = {0x5b, 0xc3}; /* pop %rbx; ret */

static bool has_immediate(uint8_t operation) {
    return operation == 0xc7 || operation == 0x81 || operation == 0x69 || operation == 0xf7;
}

static bool has_operands(uint8_t operation) {
    return operation == 0x8b || operation == 0x8d || operation == 0x89 || operation == 0x63 ||
           operation == 0x85 || operation == 0x87 || (operation & 0xc7) == 0x03;
}

/* Has the byte that tells the operands a distance of four bytes behind it, without a byte of an
 * index (4) in between, or with one? */
static bool is_far(uint8_t operands) {
    return ((operands & 0xc0) == 0x80 && (operands & 7) != 4) || (operands & 0xc7) == 0x05;
}

static bool is_far_by_index(uint8_t operands, uint8_t index) {
    return (operands & 7) == 4 &&
           ((operands & 0xc0) == 0x80 || ((operands & 0xc0) == 0 && (index & 7) == 5));
}

/* Is there an operation that may have a number of one byte behind its operands: one of these, or
 * one of the other tables (0f, VEX, XOP, EVEX)? */
static bool has_small_number(const uint8_t *operation) {
    static const uint8_t with_number[] = {0x6b, 0x80, 0x82, 0x83, 0xc0, 0xc1, 0xc6, 0xf6};
    return memchr(with_number, *operation, sizeof with_number) != NULL || operation[-1] == 0x0f ||
           operation[-2] == 0x0f || operation[-2] == 0xc5 || operation[-3] == 0xc4 ||
           operation[-3] == 0x8f || operation[-4] == 0x62;
}

/* Do they with a distance that begins where the load does, or one byte before it and a number of
 * two? Or is it the end of an address of eight bytes? */
static bool is_end_of_operands(const uint8_t *load) {
    return (is_far(load[-1]) && has_small_number(load - 2)) ||
           (is_far_by_index(load[-2], load[-1]) && has_small_number(load - 3)) ||
           (has_immediate(load[-3]) && is_far(load[-2])) ||
           (has_immediate(load[-4]) && is_far_by_index(load[-3], load[-2])) ||
           (load[-4] & 0xfc) == 0xa0;
}

/* Is the byte before it an operation of three bytes, or behind a prefix of these tables? */
static bool is_of_other_table(const uint8_t *load) {
    return (load[-3] == 0x0f && (load[-2] == 0x38 || load[-2] == 0x3a)) || load[-4] == 0xc4 ||
           load[-4] == 0x8f || load[-5] == 0x62;
}

/* Do the bytes before a load make one instruction with it: prefixes (REX), operations whose
 * operands its first byte would tell, or whose distance or index it would be or end, before a
 * number of four bytes, or of whose number of eight bytes it would be the end? Any operation may
 * have operands behind a prefix for a register that is none of the first eight: as %rax, which has
 * the number of the call, is the address of none. */
static bool takes_next(const uint8_t *load) {
    const uint8_t last = load[-1], second = load[-2], third = load[-3];
    return (last & 0xf0) == 0x40 || last == 0x66 || last == 0x0f || has_operands(last) ||
           has_immediate(last) || second == 0x0f || (last & 0xc7) == 0x84 ||
           ((second & 0xf1) == 0x41 && (last & 0xf0) != 0x50) || /* no push or pop */
           (has_immediate(second) && ((last & 0xc0) == 0x40 || (last & 0xc7) == 0x04)) ||
           (has_immediate(third) && (second & 0xc7) == 0x44) ||
           (has_immediate(load[-5]) && is_far(load[-4])) ||
           (has_immediate(load[-6]) && is_far_by_index(load[-5], load[-4])) ||
           ((load[-5] & 0xf8) == 0x48 && (load[-4] & 0xf8) == 0xb8) || is_end_of_operands(load) ||
           is_of_other_table(load);
}

/* The end of __internal_syscall_cancel of glibc 2.41, which makes calls of one thread, or of one
 * in whom none can be cancelled: it begins where somebody jumps to, and returns behind the call.
 * `at`: a load. Other code loads such a number as well, and only half of a register. */
static bool is_end_of_glibc(const uint8_t *at) {
    if (memcmp(at + AGENT_JUMP_SIZE + CALL_SIZE, ends, sizeof ends) != 0)
        return false;
    for (size_t i = 0; i < FILLINGS; i++) {
        const uint8_t *filling = at - fillings[i].size;
        if (memcmp(filling, fillings[i].bytes, fillings[i].size) == 0)
            return memcmp(filling - sizeof ends, ends, sizeof ends) == 0;
    }
    return false;
}

/* Loses the code behind a call what the arithmetic flags were before it, in the first instructions,
 * as all code does that C compilers make? The kernel leaves them, and Rust is told so
 * (preserves_flags): it compares before a call and jumps behind it. */
static bool loses_flags(const uint8_t *code) {
    for (int left = MOST_MOVES; left >= 0; left--) {
        if ((*code & 0xf0) == 0x40) /* REX */
            code++;
        const uint8_t operation = code[0], operands = code[1];
        if ((operation & 0xf8) == 0x58) /* pop */
            code += 1;
        else if ((operation == 0x89 || operation == 0x8b) && operands >= 0xc0) /* mov */
            code += 2;
        else /* cmp with rax, test, cmp, xor, one with a number (but for adc and sbb), ret, call */
            return operation == 0x3d || operation == 0x85 || operation == 0x39 ||
                   operation == 0x3b || operation == 0x31 || operation == 0xc3 ||
                   operation == 0xe8 ||
                   ((operation == 0x81 || operation == 0x83) && (operands & 0x30) != 0x10);
    }
    return false;
}

static uint32_t load_size(enum agent_form form) {
    return form == AGENT_FORM_GO ? GO_LOAD_SIZE : AGENT_JUMP_SIZE;
}

uint64_t agent_place_begin(const struct agent_place *place) {
    return place->back - CALL_SIZE - load_size(place->form);
}

static bool is_call(const uint8_t *code) {
    return code[0] == 0x0f && code[1] == 0x05;
}

bool agent_is_place(const struct agent_place *place,
                    const uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    uint8_t load[AGENT_JUMP_SIZE];
    enum path_argument path;
    const uint8_t *at = code + AGENT_BEFORE - CALL_SIZE - load_size(place->form);
    if (place->form == AGENT_FORM_GO)
        return memcmp(code + AGENT_BEFORE - GO_BEFORE, code_of_go, sizeof code_of_go) == 0;
    if (place->number != NUMBER_OPENAT &&
        (place->form != AGENT_FORM_NUMBER || !attended_call(place->number, &path)))
        return false;
    struct code expected = {.bytes = load};
    load_put(&expected, place);
    return !takes_next(at) && memcmp(at, load, sizeof load) == 0 && is_call(at + sizeof load) &&
           loses_flags(code + AGENT_BEFORE) &&
           (place->form != AGENT_FORM_STACK || is_end_of_glibc(at));
}

bool agent_may_be_cancelled(const struct agent_place *place) {
    return place->number == NUMBER_OPENAT &&
           (place->form == AGENT_FORM_NUMBER || place->form == AGENT_FORM_DIRECTORY);
}

bool agent_make_jump(const struct agent_place *place, uint64_t to,
                     uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    const bool is_go = place->form == AGENT_FORM_GO;
    const uint32_t at = is_go ? GO_FAR : AGENT_BEFORE - CALL_SIZE - AGENT_JUMP_SIZE;
    const uint64_t from = place->back - AGENT_BEFORE + at;
    struct code jump = {.bytes = code + at, .address = from};
    PUT(&jump, 0xe9);
    code_put_distance(&jump, to, 0);
    if (is_go) {
        code[GO_BEGIN] = JUMP_ALWAYS;
        code[GO_BEGIN + 1] = GO_FAR - GO_BEGIN - SHORT_JUMP_SIZE;
    }
    return code_is_near(from, to);
}

/* The jump of five bytes at this place of the code. */
static bool read_far(uint64_t back, const uint8_t *code, uint32_t at, uint64_t *to) {
    int32_t distance;
    memcpy(&distance, code + at + 1, sizeof distance);
    *to = back - AGENT_BEFORE + at + AGENT_JUMP_SIZE + (uint64_t)(int64_t)distance;
    return code[at] == 0xe9;
}

bool agent_read_jump(struct agent_place *place, const uint8_t code[AGENT_BEFORE + AGENT_BEHIND],
                     uint64_t *room) {
    const uint32_t call = AGENT_BEFORE - CALL_SIZE;
    if (!is_call(code + call))
        return false;
    if (code[GO_BEGIN] == JUMP_ALWAYS && code[GO_BEGIN + 1] == GO_FAR - GO_BEGIN - SHORT_JUMP_SIZE)
        return read_far(place->back, code, GO_FAR, room);
    return read_far(place->back, code, call - AGENT_JUMP_SIZE, room);
}
