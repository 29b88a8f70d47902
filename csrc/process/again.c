/* again.c - waits for better times. Rule: not for ever. */
#include "again.h"

#include <stdlib.h>
#include <time.h>

#define FIRST_PAUSE_NS 1000000L
#define MOST_TRIES 9

bool again_after_pause(unsigned tries) {
    const struct timespec pause = {0, FIRST_PAUSE_NS << tries};
    return tries < MOST_TRIES && nanosleep(&pause, NULL) == 0;
}

void again_or_end(unsigned tries) {
    if (tries == MOST_TRIES)
        abort();
    again_after_pause(tries);
}
