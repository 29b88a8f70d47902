/* read_all.h - the bytes of a file. */
#ifndef SPOOF_READ_ALL_H
#define SPOOF_READ_ALL_H

#include <stddef.h>

/* All that can be read: malloc'ed, or NULL with errno set (EFBIG: over 64 MiB). */
char *read_all(int fd, size_t *length);

#endif
