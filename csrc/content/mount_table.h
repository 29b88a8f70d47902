/* mount_table.h - the text of a mount table as rules have it.
 * Rule: only lines that a rule names change, only where it says so; a line that does not parse
 * passes byte for byte. Never reads anything itself. */
#ifndef SPOOF_MOUNT_TABLE_H
#define SPOOF_MOUNT_TABLE_H

#include "../spoof.h"
#include "table_change.h"

/* Rewrites a table that a program reads (`program`: last part of the path of its file, or NULL).
 * 0, or -ENOMEM. `policy` is a checked blob. */
int mount_table_rewrite(const uint8_t *policy, enum spoof_table table, const char *program,
                        const char *text, size_t length, struct table_change *change);

#endif
