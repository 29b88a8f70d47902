/* from_source.c - reads the source of a generated file.
 * Rule: as open(2) of the source would go for the program, but that no error but one of rights is
 * the program's; nothing that could wait without end is opened. */
#include "from_source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../tracee/access.h"
#include "../tracee/procfs.h"

/* One read: that is how the kernel's own files are made. */
static int read_source(int fd, const char *generator, struct output *content) {
    char text[GENERATE_SOURCE_MAX];
    ssize_t length;
    do
        length = read(fd, text, sizeof text);
    while (length < 0 && errno == EINTR);
    if (length < 0 || generate(generator, text, (size_t)length, content) != 0)
        return -EAGAIN;
    return 0;
}

int from_source(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                struct output *content) {
    if (!server_step_aside(call->server))
        return ACCESS_BUSY;
    if (!procfs_tells_tracee(call, found->source))
        return -EAGAIN;
    int fd = access_open(call, found->source, O_RDONLY);
    if (fd < 0)
        return fd;
    int error = read_source(fd, blob_at(policy, found->rule->bytes.offset), content);
    close(fd);
    return error;
}
