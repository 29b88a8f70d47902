/* say.c - writes until all is written. Rule: waits for whoever reads, as any program does. */
#include "say.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int say(int fd, const char *text, size_t length) {
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EAGAIN)
            poll(&room, 1, -1);
        else if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return 0;
}
