/* rewrite.c - regular expressions and replacements of any bytes, over texts of any bytes: what does
 * not match stays as it is, parts give what the whole gives, and steps are counted.
 * Input: how many edits, their texts, where the text is cut, and then the text. */
#include <errno.h>
#include <regex.h>
#include <stdio.h>

#include "../../../csrc/content/expression.h"
#include "../../../csrc/content/generate.h"
#include "../../../csrc/content/rewrite.h"
#include "../../../csrc/policy/blob.h"
#include "input.h"

#define EDITS 3U
#define LONGEST 256U
#define LONGEST_COMPARED 24U
/* Of `*`, `+` and `?`: eight, one upon the other, take regcomp(3) minutes. */
#define MOST_OPERATORS_COMPARED 5U
/* An expression over a line of these inputs takes far less, or is one that is given up. */
#define STEPS ((uint64_t)1 << 18)

struct edit {
    const char *pattern, *replacement;
};

/* ---- one expression over one line ---- */

static void check_groups(const struct expression_match *matches, size_t length) {
    MUST(matches[0].start <= matches[0].end && matches[0].end <= length, "inside the line");
    for (unsigned i = 1; i < EXPRESSION_GROUPS; i++) {
        if (matches[i].start == SIZE_MAX)
            continue;
        MUST(matches[i].start >= matches[0].start && matches[i].start <= matches[i].end &&
                 matches[i].end <= matches[0].end,
             "group %u lies in the match", i);
    }
}

/* It takes longer than it should for large repetitions. */
static bool can_be_compared(const char *pattern) {
    size_t operators = 0;
    for (const char *at = pattern; *at; at++)
        operators += strchr("*+?", *at) != NULL;
    return strlen(pattern) <= LONGEST_COMPARED && !strchr(pattern, '{') &&
           operators <= MOST_OPERATORS_COMPARED;
}

/* What regexec(3) says of where a match lies, for what it can be asked. */
static void compare(const char *pattern, const char *line, size_t length,
                    const struct expression_match *match) {
    regex_t theirs;
    regmatch_t found;
    if (!can_be_compared(pattern) || memchr(line, 0, length))
        return;
    MUST(regcomp(&theirs, pattern, REG_EXTENDED) == 0, "an expression: %s", pattern);
    char *text = strndup(line, length);
    int none = regexec(&theirs, text, 1, &found, 0);
    if (none == 0 && match)
        MUST((size_t)found.rm_so == match->start && (size_t)found.rm_eo == match->end,
             "%s is found in %s at %d to %d, and not at %zu to %zu", pattern, text, found.rm_so,
             found.rm_eo, match->start, match->end);
    MUST((none == 0) == (match != NULL), "%s in %s: %s", pattern, text, none ? "none" : "one");
    free(text);
    regfree(&theirs);
}

/* All matches of a line; false if there is none. Takes of *steps. */
static bool search(struct expression *expression, const char *pattern, const char *line,
                   size_t length, uint64_t *steps) {
    struct expression_match matches[EXPRESSION_GROUPS], whole;
    bool found = false;
    for (size_t at = 0; at <= length && *steps > 0; at++) {
        uint64_t before = *steps;
        int result = expression_search(expression, line, length, at, matches, 10, steps);
        MUST(*steps <= before, "steps are counted");
        if (result == -ETIME) {
            *steps = 0;
            break;
        }
        if (at == 0)
            compare(pattern, line, length, result ? &matches[0] : NULL);
        if (result == 0)
            break;
        found = true;
        check_groups(matches, length);
        MUST(matches[0].start >= at, "behind what was looked at");
        if (expression_search(expression, line, length, at, &whole, 1, steps) == 1)
            MUST(whole.start == matches[0].start && whole.end == matches[0].end,
                 "it lies where it lies with its groups");
        at = matches[0].end;
    }
    return found;
}

/* Does it match the line? False also once too many steps were taken. */
static bool matches(const struct edit *edit, const char *line, size_t length, uint64_t *steps) {
    struct expression *expression;
    if (expression_compile(edit->pattern, &expression) != 0)
        return false;
    /* Exactly this long, so that ASan sees who reads behind it. */
    char *exact = memcpy(malloc(length ? length : 1), line, length);
    bool found = search(expression, edit->pattern, exact, length, steps);
    free(exact);
    expression_free(expression);
    return found && !memchr(line, 0, length);
}

/* How many steps all of it takes. */
static void match_all(const struct edit *edit, const char *text, size_t length, uint64_t *steps) {
    for (const char *end = text + length; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((newline ? newline : end) - text);
        matches(edit, text, line, steps);
        text += line + 1;
    }
}

/* ---- a rule ---- */

static const uint8_t *take_rule(struct input *input, struct edit *edits, uint32_t *count) {
    struct spoof_builder *builder = spoof_builder_new();
    size_t length;
    spoof_builder_file(builder, "rewrite", SPOOF_FILE_REWRITE);
    spoof_builder_when_path(builder, "/file");
    for (uint32_t wanted = choose(input, EDITS) + 1; wanted > 0; wanted--) {
        struct edit edit = {take_text(input, LONGEST), take_text(input, LONGEST)};
        if (spoof_builder_file_rewrite(builder, edit.pattern, edit.replacement) == 0)
            edits[(*count)++] = edit;
    }
    return built(builder, &length);
}

/* A copy of what comes out, or NULL: as it was. */
static char *apply(const uint8_t *policy, const char *text, size_t length, size_t *out) {
    struct rewriting *rewriting;
    struct table_change change;
    char *copy = NULL;
    *out = length;
    MUST(rewriting_begin(policy, 0, &rewriting) == 0, "it was built");
    int error = rewriting_apply(rewriting, text, length, &change);
    MUST(error == 0, "%d, though the steps are few", error);
    MUST((change.lines > 0) == (change.text != NULL), "%u lines", change.lines);
    if (change.text) {
        copy = memcpy(room(change.length), change.text, change.length);
        *out = change.length;
    }
    rewriting_end(rewriting);
    return copy;
}

/* A text in two parts of whole lines gives what it gives at once. */
static void apply_parts(const uint8_t *policy, const char *text, size_t length, size_t cut,
                        const char *whole, size_t whole_length) {
    const char *newline = cut < length ? memchr(text + cut, '\n', length - cut) : NULL;
    if (!newline)
        return;
    const size_t first = (size_t)(newline + 1 - text);
    const char *parts[] = {text, newline + 1};
    size_t lengths[] = {first, length - first}, at = 0;
    for (int i = 0; i < 2; i++) {
        size_t out;
        const char *got = apply(policy, parts[i], lengths[i], &out);
        MUST(at + out <= whole_length && memcmp(whole + at, got ? got : parts[i], out) == 0,
             "part %d", i);
        at += out;
    }
    MUST(at == whole_length, "nothing is left");
}

/* Lines stay, and those stay as they are that the expression does not match. */
static void check_lines(const struct edit *edit, const char *text, size_t length, const char *out,
                        size_t out_length) {
    uint64_t steps = STEPS;
    for (const char *end = text + length, *out_end = out + out_length; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *out_newline = memchr(out, '\n', (size_t)(out_end - out));
        MUST(!newline == !out_newline, "lines stay");
        size_t line = (size_t)((newline ? newline : end) - text);
        size_t out_line = (size_t)((out_newline ? out_newline : out_end) - out);
        bool touched = matches(edit, text, line, &steps);
        if (steps == 0)
            return;
        MUST(touched || (line == out_line && memcmp(text, out, line) == 0), "nothing matches");
        text += line + 1;
        out += out_line + 1;
    }
}

/* ---- content that is made of a number ---- */

static void generate_from(const char *text, size_t length) {
    static const char *const names[] = {"memory-stat", "memory-stat-v2", "memory-max-usage"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct output made;
        if (generate(names[i], text, length, &made) != 0)
            continue;
        MUST(length <= 21 && made.length > 0 && made.text[made.length - 1] == '\n', "a number");
        free(made.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct edit edits[EDITS];
    uint32_t count = 0;
    uint64_t steps = STEPS;
    size_t length, out_length;
    const uint8_t *policy = take_rule(&input, edits, &count);
    size_t cut = take(&input, 1);
    const char *text = take_rest(&input, &length);
    generate_from(text, length);
    for (uint32_t i = 0; policy && i < count; i++)
        match_all(&edits[i], text, length, &steps);
    /* What one replacement makes another one may take long over. */
    if (policy && steps > 0) {
        char *changed = apply(policy, text, length, &out_length);
        const char *out = changed ? changed : text;
        if (count == 1 && !strchr(edits->replacement, '\n'))
            check_lines(edits, text, length, out, out_length);
        apply_parts(policy, text, length, cut, out, out_length);
    }
    end_input();
    return 0;
}
