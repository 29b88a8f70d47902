/* names.c - fills the set, and writes the code that looks into it.
 * Rule: both compute one and the same bit of a name's last bytes. */
#include "names.h"

#include <stdbool.h>

#include "../policy/blob.h"
#include "../policy/match.h"

#define FACTOR 0x9e3779b1U /* spreads bits: 2^32 by the golden ratio */
#define SHIFT 20           /* to the number of a bit */
#define LEAST 2U           /* bytes of a name */
/* Of the last four bytes those of a slash and two letters. Little endian. */
#define MASK_OF_TWO 0xffffff00U

_Static_assert((1U << (32 - SHIFT)) == NAMES_SIZE * 8, "each number has a bit");

/* Every name: those of files rules, and of mount tables. NULL: there is no such one. */
static const char *name_at(const uint8_t *policy, uint32_t index) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_tail *tails = blob_at(policy, header->file_tails.offset);
    if (index < header->file_tails.count)
        return blob_at(policy, tails[index].text);
    return header->mounts.count > 0 ? match_table_name(index - header->file_tails.count) : NULL;
}

uint32_t names_shortest(const uint8_t *policy) {
    uint32_t shortest = NAMES_TAIL;
    const char *name;
    for (uint32_t i = 0; (name = name_at(policy, i)) != NULL; i++)
        if (strlen(name) < shortest)
            shortest = (uint32_t)strlen(name);
    return shortest;
}

const char *names_refusal(const uint8_t *policy) {
    if (blob_header(policy)->file_any_tail.count > 0)
        return "the last part of a path in its files rules is a pattern";
    if (names_shortest(policy) < LEAST)
        return "a files rule is about a name of one letter";
    return NULL;
}

/* The end of a path with this name. */
static uint32_t tail_of(const char *name) {
    const size_t length = strlen(name), taken = length < NAMES_TAIL ? length : NAMES_TAIL;
    uint8_t tail[NAMES_TAIL] = {0};
    uint32_t value;
    if (taken < NAMES_TAIL)
        tail[NAMES_TAIL - taken - 1] = '/';
    for (size_t i = 0; i < taken; i++)
        tail[NAMES_TAIL - taken + i] = (uint8_t)name[length - taken + i];
    memcpy(&value, tail, sizeof value);
    return value;
}

void names_fill(const uint8_t *policy, uint8_t set[NAMES_SIZE]) {
    const char *name;
    memset(set, 0, NAMES_SIZE);
    for (uint32_t i = 0; (name = name_at(policy, i)) != NULL; i++) {
        const uint32_t bit = tail_of(name) * FACTOR >> SHIFT;
        set[bit / 8] = (uint8_t)(set[bit / 8] | 1U << bit % 8);
    }
}

/* ---- code ---- */

static void put_look(struct code *code, uint32_t mask, uint64_t set, uint32_t candidate) {
    PUT(code, 0x41, 0x8b, 0x4b, (uint8_t)-NAMES_TAIL); /* mov -NAMES_TAIL(%r11), %ecx */
    if (mask != UINT32_MAX) {
        PUT(code, 0x81, 0xe1); /* and $mask, %ecx */
        code_put_32(code, mask);
    }
    PUT(code, 0x69, 0xc9); /* imul $FACTOR, %ecx, %ecx */
    code_put_32(code, FACTOR);
    PUT(code, 0xc1, 0xe9, SHIFT); /* shr $SHIFT, %ecx */
    PUT(code, 0x0f, 0xa3, 0x0d);  /* bt %ecx, set(%rip) */
    code_put_distance(code, set, 0);
    code_put_back_to(code, JUMP_BELOW, candidate);
}

void names_put_test(struct code *code, enum names_register path, const struct names_place *names,
                    uint32_t candidate) {
    const bool all_long = names->shortest >= NAMES_TAIL;
    uint32_t other = 0;
    PUT(code, 0x4c, 0x89, 0xd9);                            /* mov %r11, %rcx */
    PUT(code, 0x48, 0x29, path == NAMES_RDI ? 0xf9 : 0xf1); /* sub path, %rcx */
    PUT(code, 0x48, 0x83, 0xf9, NAMES_TAIL);                /* cmp $NAMES_TAIL, %rcx */
    if (all_long)
        other = code_put_short(code, JUMP_BELOW);
    else
        code_put_back_to(code, JUMP_BELOW, candidate);
    PUT(code, 0x41, 0x80, 0x7b, 0xff, '/'); /* cmpb $'/', -1(%r11): the name stands before it */
    code_put_back_to(code, JUMP_EQUAL, candidate);
    put_look(code, UINT32_MAX, names->set, candidate);
    if (names->shortest == LEAST)
        put_look(code, MASK_OF_TWO, names->set, candidate);
    if (all_long)
        code_land(code, other);
}
