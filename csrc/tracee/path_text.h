/* path_text.h - paths as text: nothing here asks the kernel. */
#ifndef SPOOF_PATH_TEXT_H
#define SPOOF_PATH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACEE_PATH_MAX 4096 /* PATH_MAX: bytes of a path with its NUL */

/* A number that is the same for the same path, and hardly ever for two (FNV-1a). */
uint32_t path_hash(const char *path);
/* Is there a `..` among the names of a path? */
bool path_goes_up(const char *names);
/* Leaves out what says nothing: `.` and slashes one after the other. One at the end stays, and
 * stands for a `.` there, too. */
void path_tidy(char *names);
/* From a name of a path to the next one and its length; begins with the path itself and length 0.
 * NULL: there is no further one. */
const char *path_next_name(const char *name, size_t *length);
/* Cuts the path of a root directory off the front of `path`; its new length. */
ssize_t path_below_root(char *path, size_t length, const char *root);

#endif
