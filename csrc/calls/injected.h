/* injected.h - files of ours in the hands of a program, and what they say of themselves. */
#ifndef SPOOF_INJECTED_H
#define SPOOF_INJECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/kernel.h"
#include "../tracee/context.h"

/* Is this memfd (O_PATH or open), called so by /proc/PID/fd (`link` is changed), a file of ours?
 * Then `info` becomes what the file in whose place it stands would say, and *error 0, or the -errno
 * that fstatfs gives for that one. May sleep where files rules name it. `fd`: -1 if only the name
 * is known. */
bool injected_statfs(const uint8_t *policy, const struct context *context, int fd, char *link,
                     struct k_statfs *info, int *error);
/* Could it be one of ours, by its name? */
bool injected_by_name(const uint8_t *policy, const char *link);
/* Remembers what a file that was made in a program shall say: its name says less than its inode. */
void injected_note(int fd, uint64_t filesystem);
/* What statfs says of a file with the type that a rule gives it. */
void injected_fill(uint64_t filesystem, struct k_statfs *info);

#endif
