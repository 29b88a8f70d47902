/* names.c - fills the set. */
#include "names.h"

#include <string.h>

#include "../policy/blob.h"
#include "../policy/match.h"

_Static_assert((1U << (32 - NAMES_SHIFT)) == NAMES_SIZE * 8, "each number has a bit");

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
    if (names_shortest(policy) < NAMES_LEAST)
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
        const uint32_t bit = tail_of(name) * NAMES_FACTOR >> NAMES_SHIFT;
        set[bit / 8] = (uint8_t)(set[bit / 8] | 1U << bit % 8);
    }
}
