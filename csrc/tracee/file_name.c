/* file_name.c - the path of a file that is held. Rule: what has none is named by no rule. */
#include "file_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "server.h"
#include "path_text.h"

ssize_t file_name(struct stopped_call *call, int fd, char *path, size_t capacity) {
    static const char deleted[] = " (deleted)";
    const struct context *context = call->server->context;
    char entry[64], root[TRACEE_PATH_MAX];
    struct stat info;
    ssize_t length = descriptor_own_name(context->proc, fd, path, capacity);
    if (length < 0)
        return length;
    if (path[0] != '/')
        return -ENOENT; /* a pipe, socket, memfd: nothing that a path rule could name */
    size_t tail = sizeof deleted - 1;
    if ((size_t)length > tail && strcmp(path + length - tail, deleted) == 0 &&
        fstat(fd, &info) == 0 && info.st_nlink == 0) {
        length -= (ssize_t)tail;
        path[length] = '\0';
    }
    if (server_in_own_root(call->server))
        return length; /* names are told as our own root has them */
    snprintf(entry, sizeof entry, "%d/root", call->tid);
    ssize_t root_length = readlinkat(context->proc, entry, root, sizeof root - 1);
    if (root_length <= 0)
        return length;
    root[root_length] = '\0';
    return path_below_root(path, (size_t)length, root);
}
