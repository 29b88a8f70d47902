/* file_name.h - by which path a file is known. */
#ifndef SPOOF_FILE_NAME_H
#define SPOOF_FILE_NAME_H

#include "stopped_call.h"

/* The absolute path of what was found, as the tracee's root has it: its length, or -errno. */
ssize_t file_name(struct stopped_call *call, int fd, char *path, size_t capacity);

#endif
