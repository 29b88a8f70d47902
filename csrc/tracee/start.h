/* start.h - what look.c and quick.c share. */
#ifndef SPOOF_LOOK_START_H
#define SPOOF_LOOK_START_H

#include "tracee.h"

static inline struct look no_look(enum fallback fallback) {
    return (struct look){.fd = -1, .fallback = fallback};
}

/* Why an entry of /proc/TID cannot be had: a tracee that is gone needs no reason. */
enum fallback proc_fallback(int error);
/* Where a relative path begins: O_PATH, or -errno. */
int open_start(struct stopped_call *call, int directory);

#endif
