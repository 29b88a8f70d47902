/* table.c - mount tables of any bytes, under rules at will: lines that no rule names stay as they
 * are, byte for byte, and in the others nothing changes but what the rule says.
 * Input: which table, up to three rules, the program's name, and then the table. */
#include <stdio.h>

#include "../../../csrc/content/mount_line.h"
#include "../../../csrc/content/mount_table.h"
#include "../../../csrc/policy/blob.h"
#include "../../../csrc/policy/glob.h"
#include "../../../csrc/policy/match.h"
#include "input.h"

#define LONGEST 32U
#define RULES 3U

static const uint8_t *take_policy(struct input *input) {
    struct spoof_builder *builder = spoof_builder_new();
    size_t length;
    for (uint32_t rules = choose(input, RULES + 1); rules > 0; rules--) {
        uint32_t parts = (uint32_t)take(input, 1);
        spoof_builder_mounts(builder, "mounts");
        if (parts & 1)
            spoof_builder_when_fstype(builder, take_text(input, LONGEST));
        if (parts & 2)
            spoof_builder_when_path(builder, take_text(input, LONGEST));
        if (parts & 4)
            spoof_builder_except_path(builder, take_text(input, LONGEST));
        if (parts & 8)
            spoof_builder_except_program(builder, take_text(input, LONGEST));
        if (parts & 16)
            spoof_builder_answer_fstype(builder, take_text(input, LONGEST), 7, parts & 32);
        if (parts & 64)
            spoof_builder_answer_source(builder, take_text(input, LONGEST));
        if (parts & 128)
            spoof_builder_answer_shared(builder, (uint32_t)take(input, 4));
    }
    return built(builder, &length);
}

/* ---- what a line has to become ---- */

struct text {
    char *bytes;
    size_t length;
};

static void put(struct text *to, const char *from, size_t length) {
    memcpy(to->bytes + to->length, from, length);
    to->length += length;
}

/* Backslash and three octal digits are a byte, but never a NUL. malloc'ed. */
static char *decoded(struct span word) {
    char *to = malloc(word.length + 1), *out = to;
    for (size_t i = 0; i < word.length; i++) {
        unsigned value = 0, digits = 0;
        while (word.start[i] == '\\' && digits < 3 && i + digits + 1 < word.length &&
               word.start[i + digits + 1] >= '0' &&
               word.start[i + digits + 1] <= (digits ? '7' : '3'))
            value = value * 8 + (unsigned)(word.start[i + ++digits] - '0');
        bool is_byte = digits == 3 && value != 0;
        *out++ = is_byte ? (char)(unsigned char)value : word.start[i];
        i += is_byte ? 3 : 0;
    }
    *out = '\0';
    return to;
}

static uint32_t split(const char *line, size_t length, struct span *words) {
    uint32_t count = 0;
    const char *end = line + length;
    for (;;) {
        const char *blank = memchr(line, ' ', (size_t)(end - line));
        words[count++] = (struct span){line, (size_t)((blank ? blank : end) - line)};
        if (!blank)
            return count;
        line = blank + 1;
    }
}

static bool is(struct span word, const char *text) {
    return word.length == strlen(text) && memcmp(word.start, text, word.length) == 0;
}

/* Where the words of a line stand that mount_line_parse() takes. */
struct place {
    uint32_t source, sources, point, type, group;
};

static struct place place_of(enum spoof_table table, const struct span *words, uint32_t count) {
    if (table == SPOOF_TABLE_MOUNTS)
        return (struct place){0, 1, 1, 2, 0};
    if (table == SPOOF_TABLE_MOUNTSTATS)
        return (struct place){0, 2, 4, 7, 0};
    uint32_t dash = 6, group = 5;
    for (; dash < count && !is(words[dash], "-"); dash++)
        if (words[dash].length > 7 && memcmp(words[dash].start, "shared:", 7) == 0)
            group = 0;
    return (struct place){dash + 2, 1, 4, dash + 1, group};
}

static void expect_words(enum spoof_table table, const struct span *words, uint32_t count,
                         struct place place, const uint8_t *policy, uint32_t number,
                         struct text *out) {
    const struct blob_mounts_rule *rule = blob_mounts_rule(policy, number);
    const char *fstype = blob_text(policy, rule->fstype);
    const char *source = blob_text(policy, rule->source);
    for (uint32_t i = 0; i < count; i++) {
        struct span word = words[i];
        if (i > 0)
            put(out, " ", 1);
        if (source && i == place.source) {
            if (table == SPOOF_TABLE_MOUNTSTATS)
                put(out, "device ", 7);
            word = (struct span){source, strlen(source)};
            i += place.sources - 1;
        } else if (fstype && i == place.type) {
            word = (struct span){fstype, strlen(fstype)};
        }
        put(out, word.start, word.length);
        if (rule->group && place.group && i == place.group) {
            char group[24];
            put(out, group, (size_t)snprintf(group, sizeof group, " shared:%u", rule->group));
        }
    }
}

static void expect_line(enum spoof_table table, const uint8_t *policy, const char *program,
                        const char *line, size_t length, struct text *out) {
    struct span *words = malloc((length + 1) * sizeof *words);
    struct mount_line parsed;
    uint32_t number, count = split(line, length, words);
    /* Exactly this long, so that ASan sees who reads behind it. */
    char *copy = memcpy(malloc(length + 1), line, length);
    bool is_line = mount_line_parse(table, copy, length, &parsed);
    free(copy);
    bool named = false;
    if (is_line) {
        MUST(count >= 6, "%u words", count);
        struct place place = place_of(table, words, count);
        char *point = decoded(words[place.point]), *type = decoded(words[place.type]);
        named = strlen(point) < 4096 && strlen(type) < 256 &&
                match_mounts(policy, type, point, program, &number);
        if (named)
            expect_words(table, words, count, place, policy, number, out);
        free(point);
        free(type);
    }
    if (!named)
        put(out, line, length);
    free(words);
}

static void expect(enum spoof_table table, const uint8_t *policy, const char *program,
                   const char *text, size_t length, struct text *out) {
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline) {
            put(out, text, (size_t)(end - text));
            return;
        }
        expect_line(table, policy, program, text, (size_t)(newline - text), out);
        put(out, "\n", 1);
        text = newline + 1;
    }
}

/* What was there stays, and types that rules tell of follow. */
static void check_filesystems(const uint8_t *policy, const char *text, size_t length,
                              const struct table_change *change) {
    if (!change->text)
        return;
    MUST(change->length > length && memcmp(change->text, text, length) == 0, "it is kept");
    const char *at = change->text + length, *end = change->text + change->length;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *tab = memchr(at, '\t', 6);
        MUST(newline && tab && tab < newline, "whole lines are added");
        bool told = false;
        for (uint32_t i = 0; i < blob_header(policy)->mounts.count; i++) {
            const struct blob_mounts_rule *rule =
                blob_mounts_rule(policy, blob_first_mounts(policy) + i);
            const char *fstype = blob_text(policy, rule->fstype);
            told |= fstype && is((struct span){tab + 1, (size_t)(newline - tab - 1)}, fstype);
        }
        MUST(told, "no rule tells of it");
        at = newline + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct table_change change;
    size_t length;
    enum spoof_table table = (enum spoof_table)choose(&input, SPOOF_TABLE_FILESYSTEMS + 1);
    const uint8_t *policy = take_policy(&input);
    const char *program = take_text(&input, LONGEST);
    const char *text = take_rest(&input, &length);
    if (policy && mount_table_rewrite(policy, table, program, text, length, &change) == 0) {
        MUST((change.text != NULL) == (change.lines > 0), "%u lines", change.lines);
        if (table == SPOOF_TABLE_FILESYSTEMS) {
            check_filesystems(policy, text, length, &change);
        } else {
            /* A word of a line becomes one of 255 bytes at most; a group takes less. */
            struct text out = {room(length + (length + 1) * 40), 0};
            expect(table, policy, program, text, length, &out);
            MUST(change.text ? change.length == out.length &&
                                   memcmp(change.text, out.bytes, out.length) == 0
                             : length == out.length && memcmp(text, out.bytes, length) == 0,
                 "it has to be\n%.*s\nand is\n%.*s", (int)out.length, out.bytes,
                 (int)(change.text ? change.length : length), change.text ? change.text : text);
        }
        free(change.text);
    }
    end_input();
    return 0;
}
