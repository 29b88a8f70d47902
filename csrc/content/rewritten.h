/* rewritten.h - a real file with changed lines, read and written part by part.
 * Rule: the memory that it takes meanwhile does not grow with the file, but for a file in memory,
 * which is counted (results.h). */
#ifndef SPOOF_REWRITTEN_H
#define SPOOF_REWRITTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct rewritten {
    int fd;             /* a file in memory, to be finished (snapshot.h) ... */
    struct bytes bytes; /* ... or, if `small`, its bytes; neither: nothing differs */
    bool small;
    size_t claimed;  /* bytes that are counted for it */
    size_t read;     /* bytes that the real file had */
    uint32_t lines;  /* how many differ */
    uint64_t digest; /* of rule, name and bytes: the same files have the same */
};

/* What a rule with expressions makes of an open file; a file even if nothing differs, if it is
 * wanted `always`. `name`: as of snapshot_make(). 0, -EFBIG (64 MiB, before or after), -ENOMEM (or
 * no room among the results), -ETIME (too many steps), -errno of read(2). */
int rewritten_make(const uint8_t *policy, uint32_t rule, int real, const char *name, bool always,
                   struct rewritten *made);
/* What was claimed is given back: there is no such file, or results_keep() has it. */
void rewritten_drop(struct rewritten *made);

#endif
