/* thread.h - threads that nobody joins. */
#ifndef SPOOF_THREAD_H
#define SPOOF_THREAD_H

#include <stddef.h>

/* Starts a detached thread with this much stack, in which all signals are blocked: they are for the
 * thread that started it. 0 or -errno. */
int thread_start(size_t stack, void *(*run)(void *), void *argument);

#endif
