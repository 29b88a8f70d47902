/* say.h - text to a standard stream. */
#ifndef SPOOF_SAY_H
#define SPOOF_SAY_H

#include <stddef.h>

/* All of it, also into a full pipe that somebody made non-blocking. 0 or -errno. */
int say(int fd, const char *text, size_t length);

#endif
