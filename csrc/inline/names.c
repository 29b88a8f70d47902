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

/* The last `count` bytes of a path that ends so, as far as they are known; 0 for others. */
static uint64_t end_of(const struct ending *ending, uint32_t count) {
    const size_t length = strlen(ending->text), taken = length < count ? length : count;
    uint8_t end[sizeof(uint64_t)] = {0};
    uint64_t value;
    if (taken < count && ending->is_whole)
        end[count - taken - 1] = '/';
    memcpy(end + count - taken, ending->text + length - taken, taken);
    memcpy(&value, end, sizeof value);
    return value;
}

void names_fill(const uint8_t *policy, uint8_t set[NAMES_SIZE]) {
    struct ending ending;
    memset(set, 0, NAMES_SIZE);
    for (uint32_t i = 0; ending_at(policy, i, &ending); i++) {
        const uint32_t bit = (uint32_t)end_of(&ending, NAMES_TAIL) * NAMES_FACTOR >> NAMES_SHIFT;
        set[bit / 8] = (uint8_t)(set[bit / 8] | 1U << bit % 8);
    }
}

/* All of which so many bytes count. */
static uint32_t list_of(const uint8_t *policy, uint32_t bytes, uint64_t *ends, uint32_t most) {
    struct ending ending;
    uint32_t count = 0;
    for (uint32_t i = 0; ending_at(policy, i, &ending); i++) {
        const uint32_t known = bytes_known(&ending);
        const uint64_t end = end_of(&ending, bytes);
        uint32_t before = 0;
        if ((known < NAMES_LONGEST_END ? known : NAMES_LONGEST_END) != bytes)
            continue;
        while (before < count && ends[before] != end)
            before++;
        if (before < count)
            continue;
        if (count == most)
            return most + 1;
        ends[count++] = end;
    }
    return count;
}

bool names_list_ends(const uint8_t *policy, uint64_t *ends, uint32_t most) {
    for (uint32_t bytes = NAMES_LONGEST_END; bytes >= NAMES_LEAST; bytes--) {
        const uint32_t count = list_of(policy, bytes, ends, most);
        if (count >= most)
            return false;
        ends[count] = 0;
        ends += count + 1;
        most -= count + 1;
    }
    if (most > 0)
        *ends = NAMES_END_OF_ENDS;
    return most > 0;
}
