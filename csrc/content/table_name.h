/* table_name.h - which files of procfs are tables of mounts or filesystems, by the last part of
 * their path. */
#ifndef SPOOF_TABLE_NAME_H
#define SPOOF_TABLE_NAME_H

#include <stdbool.h>

#include "../spoof.h"

/* Could a path be that of such a table, and of which? `mtab` is a name of the first kind outside of
 * procfs, proc_pid_mounts(5). */
bool table_by_name(const char *path, enum spoof_table *table);

#endif
