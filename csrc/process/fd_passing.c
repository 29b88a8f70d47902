/* fd_passing.c - sends and receives a descriptor over a socket.
 * Rule: room for exactly one descriptor, so that no second one can come in unowned (unix(7)). */
#include "fd_passing.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

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
    ssize_t sent;
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int take_descriptor(int socket, void *message, size_t length, int *fd) {
    union room room = {{0}};
    struct iovec part = {message, length};
    struct msghdr header = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &room,
        .msg_controllen = sizeof room,
    };
    ssize_t got;
    *fd = -1;
    do
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    const struct cmsghdr *control = CMSG_FIRSTHDR(&header);
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(control), sizeof *fd);
    return (size_t)got == length ? 0 : -EPIPE;
}

bool await_byte(int socket, char expected) {
    char byte = 0;
    ssize_t got;
    do
        got = recv(socket, &byte, 1, 0);
    while (got < 0 && errno == EINTR);
    return got == 1 && byte == expected;
}
