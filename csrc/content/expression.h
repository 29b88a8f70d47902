/* expression.h - POSIX extended regular expressions, regex(7), in the C locale.
 * Rule: no backtracking and no recursion while matching; steps are counted, and end where the
 * caller says; an expression that would become too large is refused before it is. */
#ifndef SPOOF_EXPRESSION_H
#define SPOOF_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPRESSION_MAX_DEPTH 20  /* of groups within groups: the parser calls itself */
#define EXPRESSION_MAX_SIZE 8192 /* instructions, when repetitions are written out */
#define EXPRESSION_GROUPS 10     /* the whole match, and \1 to \9 */

struct expression;

/* What was matched, from the begin of the line; of a group that took no part: SIZE_MAX. */
struct expression_match {
    size_t start, end;
};

/* 0, or -EINVAL (none, or with a back-reference, which POSIX does not have here), -E2BIG (too deep,
 * or too large), -ENOMEM. */
int expression_compile(const char *pattern, struct expression **made);
void expression_free(struct expression *expression);
unsigned expression_groups(const struct expression *expression);

/* The first match, and of those the longest, at or behind `at`. 1 (then the first `wanted` of
 * `matches` are filled), 0 for none, or -ETIME: *steps are used up. One thread at a time. */
int expression_search(struct expression *expression, const char *line, size_t length, size_t at,
                      struct expression_match *matches, unsigned wanted, uint64_t *steps);

#endif
