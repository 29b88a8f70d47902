/* statistics.c - counters, rules and reasons as a table.
 * Rule: its words come with the bundle, so that `exec --stats` and a bundle say the same. */
#include "statistics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/blob.h"
#include "say.h"

struct row {
    const char *label;
    uint64_t count;
};

struct rows {
    struct row row[COUNTER_COUNT + SEGMENT_RULES + FALLBACK_COUNT + INLINE_COUNT];
    size_t count;
};

static void add(struct rows *rows, const char *label, uint64_t count) {
    rows->row[rows->count++] = (struct row){label, count};
}

/* Characters of a text in UTF-8, as JavaScript counts them. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80 ? 1 + ((unsigned char)*text >= 0xf0) : 0;
    return width;
}

static int digits_of(uint64_t count) {
    return snprintf(NULL, 0, "%" PRIu64, count);
}

/* The rows, all but the first line. */
static void fill(struct rows *rows, const struct segment *segment, const struct held *held,
                 char *labels) {
    const char *label[COUNTER_COUNT] = {0};
    char *rest = labels;
    for (size_t i = 0; i < COUNTER_COUNT; i++)
        label[i] = strsep(&rest, "\n");
    for (size_t i = 0; i < COUNTER_OWN_FILTERS; i++)
        add(rows, label[i] ? label[i] : "", segment->counters[i]);
    for (uint32_t i = 0; i < SEGMENT_RULES; i++) {
        const char *name = blob_rule_name(held->policy, i);
        if (!name)
            break;
        add(rows, held_with(held->texts[TEXT_RULE], name), segment->rule_hits[i]);
    }
    for (enum fallback i = 0; i < FALLBACK_COUNT; i++)
        if (segment->fallbacks[i] > 0)
            add(rows, held_with(held->texts[TEXT_FALLBACK], fallback_name(i)),
                segment->fallbacks[i]);
    for (enum inline_outcome i = 0; i < INLINE_COUNT; i++)
        if (segment->inlined[i] > 0)
            add(rows, held_with(held->texts[TEXT_INLINE], inline_outcome_name(i)),
                segment->inlined[i]);
    const char *own = label[COUNTER_OWN_FILTERS];
    if (own && segment->counters[COUNTER_OWN_FILTERS] > 0)
        add(rows, own, segment->counters[COUNTER_OWN_FILTERS]);
}

static void print(FILE *to, const struct rows *rows) {
    int width = 0, digits = 0;
    for (size_t i = 0; i < rows->count; i++) {
        int wide = width_of(rows->row[i].label), long_ = digits_of(rows->row[i].count);
        width = wide > width ? wide : width;
        digits = long_ > digits ? long_ : digits;
    }
    for (size_t i = 0; i < rows->count; i++)
        fprintf(to, "  %s%*s  %*" PRIu64 "\n", rows->row[i].label,
                width - width_of(rows->row[i].label), "", digits, rows->row[i].count);
}

void statistics_say(const struct segment *segment, const struct held *held) {
    struct rows *rows = calloc(1, sizeof *rows);
    char *text = NULL, *words = strdup(held->texts[TEXT_STATISTICS]);
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (rows && words && to) {
        char *labels = words;
        fprintf(to, "%s\n", strsep(&labels, "\n"));
        fill(rows, segment, held, labels);
        print(to, rows);
    }
    if (to && fclose(to) == 0)
        say(STDERR_FILENO, text, length);
    free(rows);
    free(words);
    free(text);
}
