/* place.c - dup3(2), until it is done, and what may be put at a number for nothing. Rule: what was
 * at that number is closed. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "again.h"

int open_nothing(void) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd >= 0 ? fd : open("/", O_PATH | O_CLOEXEC);
}

int place_descriptor(int from, int to) {
    unsigned tries = 0;
    if (from == to)
        return fcntl(to, F_SETFD, FD_CLOEXEC) == 0 ? 0 : -errno;
    while (dup3(from, to, O_CLOEXEC) < 0) {
        const int error = errno;
        /* EBUSY: another thread is about to open that very number. */
        if ((error != EINTR && error != EBUSY) || !again_after_pause(tries++))
            return -error;
    }
    return 0;
}
