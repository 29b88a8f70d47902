/* names.c - fills the set. */
#include "names.h"

#include <stdbool.h>
#include <string.h>

#include "../policy/blob.h"
#include "../policy/match.h"

_Static_assert((1U << (32 - NAMES_SHIFT)) == NAMES_SIZE * 8, "each number has a bit");

/* How a last part ends, or the whole of it: at most its last NAMES_TAIL bytes count. */
struct ending {
    const char *text;
    bool is_whole;
};

/* What stands behind the last byte of a glob that is no plain text. */
static const char *plain_end(const char *glob) {
    for (const char *at = glob; *at; at++)
        if (*at == '*' || *at == '?' || *at == '\\')
            glob = at + 1;
    return glob;
}

/* Each: of files rules with a name, of those with a pattern, of mount tables. False: no more. */
static bool ending_at(const uint8_t *policy, uint32_t index, struct ending *ending) {
    const struct blob_header *header = blob_header(policy);
    const struct blob_tail *tails = blob_at(policy, header->file_tails.offset);
    const uint32_t *globs = blob_at(policy, header->file_tail_globs.offset);
    const uint32_t names = header->file_tails.count, patterns = header->file_tail_globs.count;
    if (index < names)
        *ending = (struct ending){blob_at(policy, tails[index].text), true};
    else if (index - names < patterns)
        *ending = (struct ending){plain_end(blob_at(policy, globs[index - names])), false};
    else
        *ending = (struct ending){
            header->mounts.count > 0 ? match_table_name(index - names - patterns) : NULL, true};
    return ending->text != NULL;
}

/* Of a name the slash before it is known, too. */
static uint32_t bytes_known(const struct ending *ending) {
    return (uint32_t)strlen(ending->text) + (ending->is_whole ? 1 : 0);
}

uint32_t names_shortest(const uint8_t *policy) {
    uint32_t shortest = NAMES_TAIL + 1;
    struct ending ending;
    for (uint32_t i = 0; ending_at(policy, i, &ending); i++)
        if (bytes_known(&ending) < shortest)
            shortest = bytes_known(&ending);
    return shortest;
}

const char *names_refusal(const uint8_t *policy) {
    struct ending ending;
    if (blob_header(policy)->file_trees.count > 0)
        return "a path in its files rules ends with **";
    for (uint32_t i = 0; ending_at(policy, i, &ending); i++)
        if (bytes_known(&ending) < NAMES_LEAST)
            return ending.is_whole
                       ? "a files rule is about a name of one letter"
                       : "the last part of a path in its files rules is a pattern that does not "
                         "end with three letters";
    return NULL;
}

/* The end of a path that ends so. */
static uint32_t tail_of(const struct ending *ending) {
    const size_t length = strlen(ending->text), taken = length < NAMES_TAIL ? length : NAMES_TAIL;
    uint8_t tail[NAMES_TAIL] = {0};
    uint32_t value;
    if (taken < NAMES_TAIL && ending->is_whole)
        tail[NAMES_TAIL - taken - 1] = '/';
    for (size_t i = 0; i < taken; i++)
        tail[NAMES_TAIL - taken + i] = (uint8_t)ending->text[length - taken + i];
    memcpy(&value, tail, sizeof value);
    return value;
}

void names_fill(const uint8_t *policy, uint8_t set[NAMES_SIZE]) {
    struct ending ending;
    memset(set, 0, NAMES_SIZE);
    for (uint32_t i = 0; ending_at(policy, i, &ending); i++) {
        const uint32_t bit = tail_of(&ending) * NAMES_FACTOR >> NAMES_SHIFT;
        set[bit / 8] = (uint8_t)(set[bit / 8] | 1U << bit % 8);
    }
}
