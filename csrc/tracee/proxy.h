/* proxy.h - a process for a moment that has all ids of a tracee.
 * Rule: no thread of ours takes on real and saved ids, by which programs of that user could send it
 * signals or change its limits; this process has nothing of ours that they could harm. */
#ifndef SPOOF_PROXY_H
#define SPOOF_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "credentials.h"

/* Calls `ask` there with `data`, whose `size` bytes are copied back, and takes over the descriptor
 * that it returns: *fd, O_CLOEXEC, or -1. False: it cannot be had; only for a tracee without
 * capabilities. May sleep. */
bool proxy_ask(const struct credentials *credentials, int (*ask)(void *data), void *data,
               size_t size, int *fd);

#endif
