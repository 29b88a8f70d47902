/* injected.h - files of ours in the hands of a program, and what they say of themselves. */
#ifndef SPOOF_INJECTED_H
#define SPOOF_INJECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/kernel.h"
#include "../supervisor/server.h"

/* Is this what /proc/PID/fd says of a file of ours on `info`? Then `info` becomes what the file in
 * whose place it stands would say, and *error 0, or the -errno that fstatfs gives for that one. */
bool injected_statfs(const struct surroundings *surroundings, const char *link,
                     struct k_statfs *info, int *error);

#endif
