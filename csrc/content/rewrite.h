/* rewrite.h - text with changed lines, as a files rule with expressions says.
 * Rule: lines are told apart first, so that no expression sees or removes a line's end; a line with
 * a NUL, or over 1 MiB, passes as it is. The steps of all expressions together have a bound. */
#ifndef SPOOF_REWRITE_H
#define SPOOF_REWRITE_H

#include "table_change.h"

#define REWRITE_MAX ((size_t)64 << 20) /* bytes of a file, before and after */
#define REWRITE_MAX_LINE ((size_t)1 << 20)

/* Are these a POSIX extended regular expression, and a replacement that names its groups only (`\0`
 * to `\9`; `\\` is a backslash)? 0, -EINVAL, -E2BIG (too deep, or too large: expression.h) or
 * -ENOMEM. */
int rewrite_check(const char *pattern, const char *replacement);

/* All the expressions of a rule, to be applied to a file part by part. */
struct rewriting;

/* `policy` is a checked blob, `rule` the number of a files rule of the kind SPOOF_FILE_REWRITE. 0,
 * or -errno as of rewrite_check(). */
int rewriting_begin(const uint8_t *policy, uint32_t rule, struct rewriting **begun);
/* Replaces every match of the rule's expressions, one expression after the other, in a part that is
 * made of whole lines. `change->text` holds until the next call. 0, -ENOMEM, -EFBIG for a result
 * over 64 MiB, -ETIME if all parts together took too many steps. */
int rewriting_apply(struct rewriting *rewriting, const char *text, size_t length,
                    struct table_change *change);
void rewriting_end(struct rewriting *rewriting);

#endif
