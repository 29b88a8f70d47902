/* messages.c - what comes in by sockets and shared memory: messages of another length, with and
 * without descriptors, segments of another shape, slots with any request.
 * Input: which of them, and their bytes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../csrc/process/fd_passing.h"
#include "../../../csrc/supervisor/segment.h"
#include "input.h"

#define MOST_SENT 3U /* descriptors in a message */

static void send_some(int socket, const void *bytes, size_t length, int fd, uint32_t count) {
    union {
        char bytes[CMSG_SPACE(MOST_SENT * sizeof(int))];
        struct cmsghdr alignment;
    } space = {{0}};
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        header.msg_control = &space;
        header.msg_controllen = CMSG_SPACE(count * sizeof fd);
        struct cmsghdr *control = CMSG_FIRSTHDR(&header);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(count * sizeof fd);
        for (uint32_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(control) + i * sizeof fd, &fd, sizeof fd);
    }
    sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A message of any length where a certain one is waited for: nothing is written behind it, and no
 * descriptor stays open that nobody has. */
static void read_message(struct input *input) {
    static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM};
    uint32_t type = choose(input, 2), descriptors = choose(input, MOST_SENT + 1);
    size_t wanted = choose(input, 32), length;
    int sockets[2], got = -1;
    const char *bytes = take_rest(input, &length);
    MUST(socketpair(AF_UNIX, types[type] | SOCK_CLOEXEC, 0, sockets) == 0, "sockets");
    send_some(sockets[0], bytes, length, sockets[0], descriptors);
    /* What is not sent would be waited for: the other end is closed. */
    shutdown(sockets[0], SHUT_WR);
    void *message = room(wanted);
    int result = take_descriptor(sockets[1], message, wanted, &got);
    MUST(result != 0 || memcmp(message, bytes, wanted < length ? wanted : length) == 0, "%d",
         result);
    if (got >= 0) {
        MUST(fcntl(got, F_GETFD) & FD_CLOEXEC, "it is closed on exec");
        close(got);
    }
    await_byte(sockets[1], 'x');
    close(sockets[0]);
    close(sockets[1]);
    for (int fd = sockets[0]; fd <= sockets[1] + (int)MOST_SENT; fd++)
        MUST(fcntl(fd, F_GETFD) < 0, "descriptor %d is left", fd);
}

/* A descriptor that is not a segment of this version is refused. */
static void map_segment(struct input *input) {
    static int fd = -1;
    struct segment_head head = {SEGMENT_MAGIC, SEGMENT_VERSION, sizeof(struct segment)};
    uint32_t wrong = (uint32_t)take(input, 1);
    if (fd < 0) {
        int low = segment_create();
        fd = fcntl(low, F_DUPFD_CLOEXEC, 100); /* where nobody looks for what is left */
        MUST(fd >= 0 && close(low) == 0, "a segment");
    }
    if (wrong & 1)
        head.magic = (uint32_t)take(input, 4);
    if (wrong & 2)
        head.version = (uint32_t)take(input, 4);
    if (wrong & 4)
        head.size = take(input, 8);
    bool is_long = !(wrong & 8);
    off_t length = is_long ? (off_t)sizeof(struct segment) : (off_t)take(input, 3);
    MUST(ftruncate(fd, length) == 0 && pwrite(fd, &head, sizeof head, 0) == sizeof head, "a file");
    struct segment *segment = segment_map(fd, true);
    bool right = head.magic == SEGMENT_MAGIC && head.version == SEGMENT_VERSION &&
                 head.size == sizeof *segment && length >= (off_t)sizeof *segment;
    MUST((segment != NULL) == right, "%d", right);
    if (!segment)
        return;
    segment_count(segment, COUNTER_STOPPED);
    read_all_of(&segment->slots[SEGMENT_SLOTS - 1], sizeof *segment->slots);
    munmap(segment, sizeof *segment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const targets[])(struct input *) = {read_message, map_segment};
    struct input input = {data, size};
    targets[choose(&input, 2)](&input);
    end_input();
    return 0;
}
