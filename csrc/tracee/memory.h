/* memory.h - reads strings from a tracee. */
#ifndef SPOOF_MEMORY_H
#define SPOOF_MEMORY_H

#include "fallback.h"
#include "path_text.h"
#include "stopped_call.h"

/* The NUL-terminated path at `address` (TRACEE_PATH_MAX bytes): its length without the NUL, or
 * -errno (-EFAULT, -ENAMETOOLONG: the kernel will say the same). */
ssize_t tracee_read_path(struct stopped_call *call, uint64_t address, char *path);
/* Why a call is let run whose path gave this error. */
enum fallback unread_path_fallback(ssize_t error);

#endif
