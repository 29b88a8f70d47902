/* rewrite.c - replaces what regular expressions match in the lines of a text.
 * Rule: as sed's s///g, also for matches of nothing; a failure leaves no half text. */
#include "rewrite.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/blob.h"
#include "bytes.h"
#include "expression.h"

/* Some seconds of a processor; an ordinary expression takes a few for each byte that it looks at.
 */
#define MOST_STEPS ((uint64_t)200 << 20)

struct edit {
    struct expression *expression;
    const char *replacement;
    unsigned wanted; /* groups that the replacement names, and the whole match */
};

struct rewriting {
    uint32_t rule, count;
    uint64_t steps; /* what is left of them */
    struct bytes texts[2];
    struct edit edits[];
};

int rewrite_check(const char *pattern, const char *replacement) {
    struct expression *expression;
    int error = expression_compile(pattern, &expression);
    if (error != 0)
        return error;
    unsigned groups = expression_groups(expression);
    expression_free(expression);
    for (const char *at = replacement; *at; at++) {
        if (*at != '\\')
            continue;
        at++;
        if (*at != '\\' && !(*at >= '0' && *at <= '9' && (unsigned)(*at - '0') <= groups))
            return -EINVAL;
    }
    return 0;
}

/* ---- one line ---- */

static bool put_replacement(struct bytes *out, const char *replacement, const char *line,
                            const struct expression_match matches[EXPRESSION_GROUPS]) {
    while (*replacement) {
        size_t literal = strcspn(replacement, "\\");
        if (!bytes_put(out, replacement, literal))
            return false;
        replacement += literal;
        if (*replacement == '\0')
            return true;
        char escaped = replacement[1];
        if (escaped >= '0' && escaped <= '9') {
            const struct expression_match *group = &matches[escaped - '0'];
            if (group->start != SIZE_MAX &&
                !bytes_put(out, line + group->start, group->end - group->start))
                return false;
        } else if (!bytes_put(out, "\\", 1)) {
            return false;
        }
        replacement += escaped ? 2 : 1;
    }
    return true;
}

/* Puts a line with everything replaced. 1 if something matched, 0, or -errno. */
static int rewrite_line(struct rewriting *rewriting, const struct edit *edit, const char *line,
                        size_t length, struct bytes *out) {
    struct expression_match matches[EXPRESSION_GROUPS];
    bool behind_match = false; /* a match of something ended at `at` */
    size_t at = 0;
    int found = 0;
    while (at <= length) {
        int result = expression_search(edit->expression, line, length, at, matches, edit->wanted,
                                       &rewriting->steps);
        if (result < 0)
            return result;
        if (result == 0)
            break;
        size_t start = matches[0].start, end = matches[0].end;
        bool repeated = start == end && start == at && behind_match;
        if (out->length > REWRITE_MAX)
            return -EFBIG;
        if (!bytes_put(out, line + at, start - at) ||
            (!repeated && !put_replacement(out, edit->replacement, line, matches)))
            return -ENOMEM;
        found = 1;
        at = end;
        behind_match = start != end;
        if (start == end) {
            if (start == length)
                return found;
            if (!bytes_put(out, line + start, 1))
                return -ENOMEM;
            at++;
        }
    }
    return bytes_put(out, line + at, length - at) ? found : -ENOMEM;
}

/* ---- a text ---- */

/* One expression over all lines. */
static int apply(struct rewriting *rewriting, const struct edit *edit, const char *text,
                 size_t length, struct bytes *out, uint32_t *lines) {
    const char *end = text + length;
    int result = 0;
    for (const char *line = text; line < end && result >= 0;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t line_length = (size_t)((newline ? newline : end) - line);
        bool passes = line_length > REWRITE_MAX_LINE || memchr(line, '\0', line_length);
        if (passes)
            result = bytes_put(out, line, line_length) ? 0 : -ENOMEM;
        else
            result = rewrite_line(rewriting, edit, line, line_length, out);
        *lines += result > 0;
        if (result >= 0 && newline && !bytes_put(out, "\n", 1))
            result = -ENOMEM;
        line += line_length + 1;
    }
    return result < 0 ? result : 0;
}

/* The highest group that a replacement names, and one. */
static unsigned groups_wanted(const char *replacement) {
    unsigned wanted = 1;
    for (; *replacement; replacement++) {
        if (*replacement != '\\')
            continue;
        replacement++;
        if (*replacement >= '0' && *replacement <= '9' && (unsigned)(*replacement - '0') >= wanted)
            wanted = (unsigned)(*replacement - '0') + 1;
    }
    return wanted;
}

int rewriting_begin(const uint8_t *policy, uint32_t rule, struct rewriting **begun) {
    const struct blob_list list = blob_file_rule(policy, rule)->rewrites;
    const struct blob_rewrite *rewrites = blob_at(policy, list.offset);
    struct rewriting *rewriting =
        calloc(1, sizeof *rewriting + list.count * sizeof *rewriting->edits);
    if (!rewriting)
        return -ENOMEM;
    rewriting->rule = rule;
    rewriting->steps = MOST_STEPS;
    for (uint32_t i = 0; i < list.count; i++) {
        struct edit *edit = &rewriting->edits[i];
        int error = expression_compile(blob_at(policy, rewrites[i].pattern), &edit->expression);
        if (error != 0) {
            rewriting_end(rewriting);
            return error;
        }
        edit->replacement = blob_at(policy, rewrites[i].replacement);
        edit->wanted = groups_wanted(edit->replacement);
        rewriting->count++;
    }
    *begun = rewriting;
    return 0;
}

void rewriting_end(struct rewriting *rewriting) {
    for (uint32_t i = 0; i < rewriting->count; i++)
        expression_free(rewriting->edits[i].expression);
    free(rewriting->texts[0].data);
    free(rewriting->texts[1].data);
    free(rewriting);
}

int rewriting_apply(struct rewriting *rewriting, const char *text, size_t length,
                    struct table_change *change) {
    struct bytes *next = &rewriting->texts[0];
    const struct bytes *latest = NULL;
    memset(change, 0, sizeof *change);
    for (uint32_t i = 0; i < rewriting->count; i++) {
        uint32_t lines = 0;
        next->length = 0;
        int error = apply(rewriting, &rewriting->edits[i], latest ? latest->data : text,
                          latest ? latest->length : length, next, &lines);
        if (error != 0)
            return error;
        if (lines == 0)
            continue;
        change->lines += lines;
        latest = next;
        next = latest == &rewriting->texts[0] ? &rewriting->texts[1] : &rewriting->texts[0];
    }
    if (!latest || (latest->length == length && memcmp(latest->data, text, length) == 0)) {
        change->lines = 0; /* nothing, or replaced by the same */
        return 0;
    }
    change->text = latest->data;
    change->length = latest->length;
    change->rule = rewriting->rule;
    return 0;
}
