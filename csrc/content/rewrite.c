/* rewrite.c - replaces what regular expressions match in the lines of a text.
 * Rule: as sed's s///g, also for matches of nothing; a failure leaves no half text. */
#include "rewrite.h"

#include <errno.h>
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/blob.h"
#include "bytes.h"

#define GROUPS 10
#define RESULT_MAX ((size_t)64 << 20)
/* regexec(3) may take eight bytes of memory for each byte of a line. */
#define LINE_MAX_BYTES ((size_t)1 << 20)

/* regexec(3) calls itself for groups within groups, and our threads have small stacks. */
static bool is_too_deep(const char *pattern) {
    int depth = 0, deepest = 0;
    for (; *pattern; pattern++) {
        if (*pattern == '\\' && pattern[1])
            pattern++;
        else if (*pattern == '(' && ++depth > deepest)
            deepest = depth;
        else if (*pattern == ')')
            depth--;
    }
    return deepest > REWRITE_MAX_DEPTH;
}

static int compile(regex_t *expression, const char *pattern) {
    if (*pattern == '\0' || is_too_deep(pattern))
        return -EINVAL; /* POSIX does not say what the one means */
    int error = regcomp(expression, pattern, REG_EXTENDED);
    if (error == 0)
        return 0;
    return error == REG_ESPACE ? -ENOMEM : -EINVAL;
}

int rewrite_check(const char *pattern, const char *replacement) {
    regex_t expression;
    int error = compile(&expression, pattern);
    if (error != 0)
        return error;
    size_t groups = expression.re_nsub;
    regfree(&expression);
    for (const char *at = replacement; *at; at++) {
        if (*at != '\\')
            continue;
        at++;
        if (*at != '\\' && !(*at >= '0' && *at <= '9' && (size_t)(*at - '0') <= groups))
            return -EINVAL;
    }
    return 0;
}

/* The first match at or behind `at` in a line that a NUL ends. */
static int search(const regex_t *expression, const char *line, size_t length, size_t at,
                  regmatch_t matches[GROUPS]) {
    /* It is much faster if it need not tell where groups are. */
    size_t groups = expression->re_nsub + 1 < GROUPS ? expression->re_nsub + 1 : GROUPS;
    memset(matches, 0xff, GROUPS * sizeof *matches); /* -1: matched nothing */
#ifdef REG_STARTEND /* spares a strlen() for each match, and sees what stands before it */
    matches[0].rm_so = (regoff_t)at;
    matches[0].rm_eo = (regoff_t)length;
    return regexec(expression, line, groups, matches, REG_STARTEND);
#else
    (void)length;
    int error = regexec(expression, line + at, groups, matches, at ? REG_NOTBOL : 0);
    for (int i = 0; error == 0 && i < GROUPS; i++) {
        if (matches[i].rm_so >= 0) {
            matches[i].rm_so += (regoff_t)at;
            matches[i].rm_eo += (regoff_t)at;
        }
    }
    return error;
#endif
}

static bool put_replacement(struct bytes *out, const char *replacement, const char *line,
                            const regmatch_t matches[GROUPS]) {
    while (*replacement) {
        size_t literal = strcspn(replacement, "\\");
        if (!bytes_put(out, replacement, literal))
            return false;
        replacement += literal;
        if (*replacement == '\0')
            return true;
        char escaped = replacement[1];
        if (escaped >= '0' && escaped <= '9') {
            const regmatch_t *group = &matches[escaped - '0'];
            if (group->rm_so >= 0 &&
                !bytes_put(out, line + group->rm_so, (size_t)(group->rm_eo - group->rm_so)))
                return false;
        } else if (!bytes_put(out, "\\", 1)) {
            return false;
        }
        replacement += escaped ? 2 : 1;
    }
    return true;
}

/* Puts a line (a NUL ends it) with everything replaced. 1 if something matched, 0, or -errno. */
static int rewrite_line(const regex_t *expression, const char *replacement, const char *line,
                        size_t length, struct bytes *out) {
    regmatch_t matches[GROUPS];
    bool behind_match = false; /* a match of something ended at `at` */
    size_t at = 0;
    int found = 0;
    while (at <= length) {
        int error = search(expression, line, length, at, matches);
        if (error == REG_NOMATCH)
            break;
        if (error != 0)
            return -ENOMEM;
        size_t start = (size_t)matches[0].rm_so, end = (size_t)matches[0].rm_eo;
        bool repeated = start == end && start == at && behind_match;
        if (out->length > RESULT_MAX)
            return -EFBIG;
        if (!bytes_put(out, line + at, start - at) ||
            (!repeated && !put_replacement(out, replacement, line, matches)))
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

/* A line as it is, or rewritten by way of `scratch`, where a NUL ends it. */
static int put_line(const regex_t *expression, const char *replacement, const char *line,
                    size_t length, struct bytes *scratch, struct bytes *out) {
    if (memchr(line, '\0', length) || length > LINE_MAX_BYTES)
        return bytes_put(out, line, length) ? 0 : -ENOMEM;
    scratch->length = 0;
    if (!bytes_put(scratch, line, length) || !bytes_put(scratch, "", 1))
        return -ENOMEM;
    return rewrite_line(expression, replacement, scratch->data, length, out);
}

/* One expression over all lines. */
static int apply(const char *pattern, const char *replacement, const char *text, size_t length,
                 struct bytes *out, uint32_t *lines) {
    struct bytes scratch = {0};
    regex_t expression;
    int result = compile(&expression, pattern);
    if (result != 0)
        return result;
    const char *end = text + length;
    for (const char *line = text; line < end && result >= 0;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t line_length = (size_t)((newline ? newline : end) - line);
        result = put_line(&expression, replacement, line, line_length, &scratch, out);
        *lines += result > 0;
        if (result >= 0 && newline && !bytes_put(out, "\n", 1))
            result = -ENOMEM;
        line += line_length + 1;
    }
    regfree(&expression);
    free(scratch.data);
    return result < 0 ? result : 0;
}

int rewrite_text(const uint8_t *policy, uint32_t rule, const char *text, size_t length,
                 struct table_change *change) {
    const struct blob_list list = blob_file_rule(policy, rule)->rewrites;
    const struct blob_rewrite *rewrites = blob_at(policy, list.offset);
    struct bytes now = {0};
    memset(change, 0, sizeof *change);
    for (uint32_t i = 0; i < list.count; i++) {
        struct bytes next = {0};
        uint32_t lines = 0;
        int error =
            apply(blob_at(policy, rewrites[i].pattern), blob_at(policy, rewrites[i].replacement),
                  now.data ? now.data : text, now.data ? now.length : length, &next, &lines);
        if (error == 0 && lines == 0) {
            free(next.data);
            continue;
        }
        free(now.data);
        if (error != 0) {
            free(next.data);
            return error;
        }
        change->lines += lines;
        now = next;
    }
    if (now.data && now.length == length && memcmp(now.data, text, length) == 0) {
        free(now.data); /* replaced by the same */
        change->lines = 0;
        return 0;
    }
    change->text = now.data;
    change->length = now.length;
    change->rule = rule;
    return 0;
}
