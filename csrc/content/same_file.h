/* same_file.h - small files in memory for programs: the same bytes are the same file.
 * Rule: what one path tells twice has one inode, as long as it tells the same; the latest are
 * known.
 */
#ifndef SPOOF_SAME_FILE_H
#define SPOOF_SAME_FILE_H

#include "snapshot.h"

/* As snapshot_make() of a sealed file; but one that was made before, if it is still as it was made
 * and has this name, these bytes, owner and permissions. What a program writes to is nobody else's,
 * and made anew. `length` < RESULTS_FROM (results.h). */
int same_file(const char *name, const char *text, size_t length, const struct snapshot_kind *kind);

#endif
