/* rewrite.h - a real file with changed lines, as a files rule with expressions says.
 * Rule: lines are told apart first, so that no expression sees or removes a line's end; a line with
 * a NUL, or over 1 MiB, passes as it is. */
#ifndef SPOOF_REWRITE_H
#define SPOOF_REWRITE_H

#include "table_change.h"

#define REWRITE_MAX_DEPTH 20 /* of groups within groups */

/* Are these a POSIX extended regular expression, not too deep, and a replacement that names its
 * groups only (`\0` to `\9`; `\\` is a backslash)? 0, -EINVAL or -ENOMEM. */
int rewrite_check(const char *pattern, const char *replacement);

/* Replaces every match of the rule's expressions, one expression after the other, in a text. 0,
 * -ENOMEM, -EINVAL for an expression that cannot be compiled here, -EFBIG for a result over 64 MiB.
 * `policy` is a checked blob, `rule` the number of a files rule of the kind SPOOF_FILE_REWRITE. */
int rewrite_text(const uint8_t *policy, uint32_t rule, const char *text, size_t length,
                 struct table_change *change);

#endif
