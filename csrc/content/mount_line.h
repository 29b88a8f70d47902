/* mount_line.h - where in a line of a mount table the words stand that rules ask for.
 * Rule: strict. What is not exactly as the kernel writes it is no line, and nobody changes it. */
#ifndef SPOOF_MOUNT_LINE_H
#define SPOOF_MOUNT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "../spoof.h"

struct span {
    const char *start;
    size_t length;
};

struct mount_line {
    struct span source, point, type; /* mountstats: the source is `device NAME`, or `no device` */
    const char *options_end;         /* mountinfo: optional fields may stand here; else NULL */
    bool shared;                     /* mountinfo: has a field `shared:` */
};

/* Reads a line (without its newline) of any table but /proc/filesystems. False: it is none. */
bool mount_line_parse(enum spoof_table table, const char *text, size_t length,
                      struct mount_line *line);

/* A word as it was before the kernel wrote blanks and backslashes as octal numbers. False if it
 * does not fit. */
bool mount_line_decode(struct span word, char *to, size_t capacity);

#endif
