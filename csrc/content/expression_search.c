/* expression_search.c - runs compiled expressions: all ways of matching at once, byte by byte.
 * Rule: the time of a byte is bounded by the size of the expression; each step is counted. Where a
 * match lies is found first, and only then, if anybody asks, where its groups are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "expression.h"
#include "expression_code.h"

_Static_assert(NOTED_GROUPS == EXPRESSION_GROUPS, "groups that are told are noted");

struct search {
    struct expression *expression;
    const char *line;
    size_t length;
    uint64_t steps;
};

static bool is_word(const struct search *search, size_t at) {
    unsigned char byte = at < search->length ? (unsigned char)search->line[at] : 0;
    return byte == '_' || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

static bool holds(const struct search *search, enum assertion assertion, size_t at) {
    const bool before = at > 0 && is_word(search, at - 1), behind = is_word(search, at);
    switch (assertion) {
    case ASSERT_BOL:
        return at == 0;
    case ASSERT_EOL:
        return at == search->length;
    case ASSERT_EDGE:
        return before != behind;
    case ASSERT_NO_EDGE:
        return before == behind;
    case ASSERT_FIRST:
        return !before && behind;
    case ASSERT_LAST:
        return before && !behind;
    }
    return false;
}

static bool takes(const struct expression *expression, const struct instruction *instruction,
                  char byte) {
    switch ((enum operation)instruction->operation) {
    case CODE_BYTE:
        return instruction->byte == (uint8_t)byte;
    case CODE_SET:
        return set_has(&expression->sets[instruction->number], (unsigned char)byte);
    case CODE_ANY:
        return true;
    default:
        return false;
    }
}

static bool has_way(const struct ways *ways, uint32_t at) {
    return ways->place[at] < ways->count && ways->order[ways->place[at]] == at;
}

static void add_way(struct ways *ways, uint32_t at) {
    ways->place[at] = ways->count;
    ways->order[ways->count++] = at;
}

static void swap(struct expression *expression) {
    const struct ways ways = expression->now;
    expression->now = expression->next;
    expression->next = ways;
}

/* ---- where a match lies ---- */

/* Everything that can be reached from here without a byte, for a match that began at `begin`.
 * Ways that began earlier were added before, and stay. */
static void reach(struct search *search, struct ways *ways, uint32_t from, size_t begin,
                  size_t at) {
    struct expression *expression = search->expression;
    uint32_t waiting = 0;
    expression->stack[waiting++] = from;
    while (waiting > 0) {
        uint32_t place = expression->stack[--waiting];
        const struct instruction *instruction = &expression->code[place];
        if (has_way(ways, place))
            continue;
        add_way(ways, place);
        ways->position[place] = (uint32_t)begin;
        search->steps++;
        switch ((enum operation)instruction->operation) {
        case CODE_SPLIT:
            expression->stack[waiting++] = place + (uint32_t)instruction->distance;
            expression->stack[waiting++] = place + 1;
            break;
        case CODE_JUMP:
            expression->stack[waiting++] = place + (uint32_t)instruction->distance;
            break;
        case CODE_ASSERT:
            if (!holds(search, (enum assertion)instruction->byte, at))
                break;
            expression->stack[waiting++] = place + 1;
            break;
        case CODE_BEGIN:
        case CODE_END:
            expression->stack[waiting++] = place + 1;
            break;
        default:
            break;
        }
    }
}

/* What has reached the end of the expression at `at`: earlier is better, then longer. */
static void note_match(const struct search *search, size_t at, struct expression_match *best) {
    const struct expression *expression = search->expression;
    const uint32_t match = expression->size - 1;
    if (!has_way(&expression->now, match) || expression->now.position[match] > best->start)
        return;
    best->start = expression->now.position[match];
    best->end = at;
}

static void advance(struct search *search, size_t at, const struct expression_match *best) {
    struct expression *expression = search->expression;
    const struct ways *now = &expression->now;
    expression->next.count = 0;
    for (uint32_t i = 0; i < now->count; i++) {
        uint32_t place = now->order[i];
        if (now->position[place] > best->start)
            break; /* and so did all that follow */
        if (takes(expression, &expression->code[place], search->line[at]))
            reach(search, &expression->next, place + 1, now->position[place], at + 1);
    }
    swap(expression);
}

/* May a match begin here? */
static bool may_begin(const struct search *search, size_t at) {
    const struct expression *expression = search->expression;
    if (expression->at_begin_only && at > 0)
        return false;
    return expression->may_be_empty ||
           (at < search->length && set_has(&expression->first, (unsigned char)search->line[at]));
}

static int find(struct search *search, size_t at, uint64_t most, struct expression_match *best) {
    struct expression *expression = search->expression;
    *best = (struct expression_match){SIZE_MAX, SIZE_MAX};
    expression->now.count = 0;
    /* What begins at the begin of the line begins nowhere else. */
    const size_t end = expression->at_begin_only ? at : search->length;
    for (;; at++) {
        while (expression->now.count == 0 && !may_begin(search, at) && at < end)
            at++;
        if (best->start == SIZE_MAX && may_begin(search, at))
            reach(search, &expression->now, 0, at, at);
        note_match(search, at, best);
        if (at == search->length ||
            (expression->now.count == 0 && (best->start != SIZE_MAX || at >= end)))
            return best->start != SIZE_MAX;
        if (search->steps > most)
            return -ETIME;
        advance(search, at, best);
    }
}

/* ---- where its groups are ---- */

static uint32_t *notes_of(const struct expression *expression, const struct ways *ways,
                          uint32_t place) {
    return ways->position + (size_t)place * expression->notes;
}

/* The first note that differs decides. Two ways of which one has not noted it are equally good, and
 * the first one found stays: that of the alternative on the left. */
static bool is_better(const struct expression *expression, const uint32_t *notes,
                      const uint32_t *than) {
    for (unsigned i = 0; i < expression->notes; i++) {
        if (notes[i] == than[i])
            continue;
        if (notes[i] == NOWHERE || than[i] == NOWHERE)
            return false;
        return expression->note_is_begin >> i & 1 ? notes[i] < than[i] : notes[i] > than[i];
    }
    return false;
}

#define WAITS_FIRST 1U /* nobody has gone on from here yet */
#define WAITS_SECOND                                                                               \
    2U /* ... by the second way, which comes when the first has come to its end                    \
        */

static void wait(struct expression *expression, uint32_t place, uint8_t which, uint32_t *waiting) {
    if (!(expression->waits[place] & which))
        expression->stack[(*waiting)++] = place << 2 | which;
    expression->waits[place] |= which;
}

/* A way to a place that was not reached before, or not so well: somebody has to go on there. */
static void improve(struct expression *expression, struct ways *ways, uint32_t place,
                    const uint32_t *notes, uint32_t *waiting) {
    uint32_t *known = notes_of(expression, ways, place);
    if (!has_way(ways, place))
        add_way(ways, place);
    else if (!is_better(expression, notes, known))
        return;
    memcpy(known, notes, expression->notes * sizeof *notes);
    wait(expression, place, WAITS_FIRST, waiting);
}

/* As reach(), but with notes; a better way to a place takes over from a worse one. Each time it is
 * strictly better, so this ends. */
static void reach_noting(struct search *search, struct ways *ways, uint32_t from,
                         const uint32_t *noted, size_t at, uint64_t most) {
    struct expression *expression = search->expression;
    uint32_t notes[MOST_NOTES], waiting = 0;
    improve(expression, ways, from, noted, &waiting);
    while (waiting > 0) {
        const uint32_t top = expression->stack[--waiting], place = top >> 2;
        const struct instruction *instruction = &expression->code[place];
        uint32_t target = place + 1;
        expression->waits[place] &= (uint8_t)~top;
        if (++search->steps > most)
            continue; /* it is given up */
        memcpy(notes, notes_of(expression, ways, place), expression->notes * sizeof *notes);
        switch ((enum operation)instruction->operation) {
        case CODE_SPLIT:
            if (top & WAITS_SECOND)
                target = place + (uint32_t)instruction->distance;
            else
                wait(expression, place, WAITS_SECOND, &waiting);
            break;
        case CODE_JUMP:
            target = place + (uint32_t)instruction->distance;
            break;
        case CODE_ASSERT:
            if (!holds(search, (enum assertion)instruction->byte, at))
                continue;
            break;
        case CODE_BEGIN:
            for (int i = instruction->number + 1; i <= instruction->distance; i++)
                notes[i] = NOWHERE;
            notes[instruction->number] = (uint32_t)at;
            break;
        case CODE_END:
            notes[instruction->number] = (uint32_t)at;
            break;
        default:
            continue;
        }
        improve(expression, ways, target, notes, &waiting);
    }
}

static int find_groups(struct search *search, struct expression_match *matches, unsigned wanted,
                       uint64_t most) {
    struct expression *expression = search->expression;
    const uint32_t match = expression->size - 1;
    uint32_t nothing[MOST_NOTES];
    memset(nothing, 0xff, sizeof nothing);
    expression->now.count = 0;
    reach_noting(search, &expression->now, 0, nothing, matches[0].start, most);
    for (size_t at = matches[0].start; at < matches[0].end; at++) {
        const struct ways *now = &expression->now;
        if (search->steps > most)
            return -ETIME;
        expression->next.count = 0;
        for (uint32_t i = 0; i < now->count; i++)
            if (takes(expression, &expression->code[now->order[i]], search->line[at]))
                reach_noting(search, &expression->next, now->order[i] + 1,
                             notes_of(expression, now, now->order[i]), at + 1, most);
        swap(expression);
    }
    if (search->steps > most || !has_way(&expression->now, match))
        return -ETIME;
    const uint32_t *notes = notes_of(expression, &expression->now, match);
    for (unsigned i = 1; i < wanted; i++) {
        const uint16_t note = expression->group_note[i];
        if (note != NO_NOTE && notes[note] != NOWHERE && notes[note + 1] != NOWHERE)
            matches[i] = (struct expression_match){notes[note], notes[note + 1]};
    }
    return 1;
}

int expression_search(struct expression *expression, const char *line, size_t length, size_t at,
                      struct expression_match *matches, unsigned wanted, uint64_t *steps) {
    struct search search = {.expression = expression, .line = line, .length = length};
    for (unsigned i = 0; i < wanted; i++)
        matches[i] = (struct expression_match){SIZE_MAX, SIZE_MAX};
    int found = find(&search, at, *steps, &matches[0]);
    if (found > 0 && wanted > 1)
        found = find_groups(&search, matches, wanted, *steps);
    *steps = search.steps < *steps ? *steps - search.steps : 0;
    return found;
}

/* ---- made ready ---- */

/* What a match can begin with: every first instruction that no assertion keeps away. */
static void find_first(struct expression *expression, bool at_begin) {
    struct ways *ways = &expression->now;
    uint32_t waiting = 0;
    ways->count = 0;
    expression->stack[waiting++] = 0;
    while (waiting > 0) {
        const uint32_t place = expression->stack[--waiting];
        const struct instruction *instruction = &expression->code[place];
        if (has_way(ways, place))
            continue;
        add_way(ways, place);
        switch ((enum operation)instruction->operation) {
        case CODE_BYTE:
        case CODE_SET:
        case CODE_ANY:
            for (int byte = 0; byte < 256; byte++)
                if (takes(expression, instruction, (char)byte))
                    set_add(&expression->first, (unsigned char)byte);
            break;
        case CODE_SPLIT:
            expression->stack[waiting++] = place + 1;
            expression->stack[waiting++] = place + (uint32_t)instruction->distance;
            break;
        case CODE_JUMP:
            expression->stack[waiting++] = place + (uint32_t)instruction->distance;
            break;
        case CODE_ASSERT:
            if (at_begin || instruction->byte != ASSERT_BOL)
                expression->stack[waiting++] = place + 1;
            break;
        case CODE_MATCH:
            expression->may_be_empty = true;
            break;
        default:
            expression->stack[waiting++] = place + 1;
            break;
        }
    }
}

int expression_prepare(struct expression *expression) {
    const size_t size = expression->size;
    const size_t positions = size * (expression->notes ? expression->notes : 1);
    /* Two ways lead on from a place, at most. */
    const size_t stack = 2 * size + 2;
    uint32_t *memory = calloc(4 * size + 2 * positions + stack, sizeof *memory);
    expression->memory = memory;
    expression->waits = calloc(size, sizeof *expression->waits);
    if (!memory || !expression->waits)
        return -ENOMEM;
    expression->now = (struct ways){0, memory, memory + size, memory + 2 * size};
    memory += 2 * size + positions;
    expression->next = (struct ways){0, memory, memory + size, memory + 2 * size};
    expression->stack = memory + 2 * size + positions;
    find_first(expression, false);
    const struct byte_set none = {{0}};
    expression->at_begin_only =
        !expression->may_be_empty && memcmp(&expression->first, &none, sizeof none) == 0;
    expression->may_be_empty = false;
    expression->first = none;
    find_first(expression, true);
    return 0;
}
