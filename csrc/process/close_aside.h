/* close_aside.h - closes copies of descriptors of a program, for who must not wait.
 * Rule: close(2) of what a program has put there may wait for ever: FUSE asks its server, a socket
 * lingers.
 */
#ifndef SPOOF_CLOSE_ASIDE_H
#define SPOOF_CLOSE_ASIDE_H

#include <stdbool.h>

/* To be asked before a copy is taken. False: too many wait to be closed. */
bool close_aside_has_room(void);
/* Closes it in a thread of its own; without one it stays open, and room is less. */
void close_aside(int fd);

#endif
