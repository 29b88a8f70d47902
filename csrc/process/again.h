/* again.h - for what may fail for want of memory or descriptors alone, which others give back. */
#ifndef SPOOF_AGAIN_H
#define SPOOF_AGAIN_H

#include <errno.h>
#include <stdbool.h>

/* How often what must not wait is tried, at once. */
#define TRIES_AT_ONCE 3

/* Of what is sent and received: errors that pass. */
static inline bool error_passes(int error) {
    return error == EINTR || error == ENOBUFS || error == ENOMEM;
}

/* Waits a little, longer each time. `tries`: how many have failed before. False, after half a
 * second: there is to be no further one. */
bool again_after_pause(unsigned tries);
/* The same for what has to be: then the process ends. */
void again_or_end(unsigned tries);

#endif
