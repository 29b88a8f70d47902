/* fd_passing.c - sends and receives a descriptor over a socket.
 * Rule: room for exactly one descriptor, so that no second one can come in unowned (unix(7)). */
#include "fd_passing.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "again.h"

/* Aligned as CMSG_FIRSTHDR wants it, cmsg(3). */
union room {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
};

int pass_descriptor(int socket, const void *message, size_t length, int fd) {
    union room room = {{0}};
    struct iovec part = {(void *)(uintptr_t)message, length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        header.msg_control = &room;
        header.msg_controllen = sizeof room;
        struct cmsghdr *control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(control), &fd, sizeof fd);
    }
    for (unsigned tries = 0; sendmsg(socket, &header, MSG_NOSIGNAL) < 0; tries++) {
        const int error = errno;
        if (!error_passes(error) || !again_after_pause(tries))
            return -error;
    }
    return 0;
}

int take_descriptor(int socket, void *message, size_t length, int *fd) {
    union room room = {{0}};
    struct iovec part = {message, length};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &room,
        .msg_controllen = CMSG_LEN(sizeof *fd), /* in the rest of `room` a second one would fit */
    };
    ssize_t got;
    *fd = -1;
    for (unsigned tries = 0; (got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0; tries++) {
        const int error = errno;
        if (!error_passes(error) || (error != EINTR && !again_after_pause(tries)))
            return -error;
    }
    const struct cmsghdr *control = CMSG_FIRSTHDR(&header);
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(control), sizeof *fd);
    return (size_t)got == length ? 0 : -EPIPE;
}

int pass_byte(int socket, char byte) {
    for (unsigned tries = 0; send(socket, &byte, 1, MSG_NOSIGNAL) != 1; tries++) {
        const int error = errno;
        if (!error_passes(error) || !again_after_pause(tries))
            return -error;
    }
    return 0;
}

ssize_t take_message(int socket, void *message, size_t length) {
    ssize_t got;
    unsigned tries = 0;
    while ((got = recv(socket, message, length, 0)) < 0 && error_passes(errno))
        if (errno != EINTR && !again_after_pause(tries++))
            break;
    return got;
}

bool await_byte(int socket, char expected) {
    char byte = 0;
    return take_message(socket, &byte, 1) == 1 && byte == expected;
}
