/* fd_passing.h - a descriptor sent to another process along with a message, unix(7) SCM_RIGHTS. */
#ifndef SPOOF_FD_PASSING_H
#define SPOOF_FD_PASSING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Sends `length` bytes, and `fd` unless it is negative. 0 or -errno; never SIGPIPE. */
int pass_descriptor(int socket, const void *message, size_t length, int fd);
/* Receives exactly `length` bytes; `fd` becomes the descriptor (O_CLOEXEC, the caller's) or -1 if
 * none came along. 0 or -errno; -EPIPE if the other end is closed or sent something else. */
int take_descriptor(int socket, void *message, size_t length, int *fd);
/* Sends a message of one byte; where the kernel is short of memory, more than once. 0 or -errno. */
int pass_byte(int socket, char byte);
/* As recv(2), but that errors that pass are waited for. */
ssize_t take_message(int socket, void *message, size_t length);
/* Waits for a message of one byte: is it this one? */
bool await_byte(int socket, char expected);

#endif
