/* descriptor.c - entries of /proc/TID, with the rights that each of them takes. */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "path_text.h"
#include "pidfd_cache.h"
#include "rights.h"

enum fallback proc_fallback(int error) {
    return error == ENOENT || error == ESRCH ? FALLBACK_NONE : FALLBACK_PROC;
}

int descriptor_of_entry(const struct context *context, pid_t tid, const char *entry) {
    char name[64];
    snprintf(name, sizeof name, "%d/%s", tid, entry);
    int fd = openat(context->proc, name, O_PATH | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int descriptor_open(struct stopped_call *call, int fd) {
    struct server *server = call->server;
    char entry[32];
    if (fd < 0)
        return -ENOENT;
    snprintf(entry, sizeof entry, "fd/%d", fd);
    /* Its entry is its owner's alone, and an open descriptor needs no permission. */
    if (rights_own_user(server) != 0)
        return -EPERM;
    int found = descriptor_of_entry(server->context, call->tid, entry);
    rights_must_usual(server);
    return found;
}

int descriptor_of_directory(struct stopped_call *call, int directory) {
    return directory == AT_FDCWD ? descriptor_of_entry(call->server->context, call->tid, "cwd")
                                 : descriptor_open(call, directory);
}

int descriptor_copy(struct server *server, int fd) {
    const struct known_thread *known = server->receiving ? server->known : NULL;
    int copy = known ? (int)syscall(K_NR_PIDFD_GETFD, known->pidfd, fd, 0) : -1;
    if (copy >= 0)
        return copy;
    return known && errno == EBADF ? -EBADF : -ENOSYS;
}

static ssize_t read_link(int proc, const char *entry, char *name, size_t capacity) {
    ssize_t length = readlinkat(proc, entry, name, capacity - 1);
    if (length < 0)
        return -errno;
    name[length] = '\0';
    return length;
}

ssize_t descriptor_name(struct stopped_call *call, uint32_t fd, char *name, size_t capacity) {
    char entry[64];
    snprintf(entry, sizeof entry, "%d/fd/%u", call->tid, fd);
    if (rights_own_user(call->server) != 0)
        return -EPERM;
    ssize_t length = read_link(call->server->context->proc, entry, name, capacity);
    rights_must_usual(call->server);
    return length;
}

ssize_t descriptor_own_name(int proc, int fd, char *path, size_t capacity) {
    char entry[64];
    snprintf(entry, sizeof entry, "self/fd/%d", fd);
    return read_link(proc, entry, path, capacity);
}

ssize_t descriptor_path(struct stopped_call *call, int fd, char *path, size_t capacity) {
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
    return read_link(context->proc, entry, root, sizeof root) > 0
               ? path_below_root(path, (size_t)length, root)
               : length;
}
