/* descriptor.c - entries of /proc/TID, with the rights that each of them takes. */
#include "descriptor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "path_text.h"
#include "pidfd_cache.h"
#include "proc_text.h"
#include "rights.h"

enum fallback proc_fallback(int error) {
    if (error_is_ours(error))
        return FALLBACK_BUSY;
    if (error == EOVERFLOW)
        return FALLBACK_BOUND; /* more groups than there is room for: credentials.c */
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
    const struct known_thread *known =
        server->receiving && !server->always_receives ? server->known : NULL;
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
    if ((size_t)length > tail && strcmp(path + length - tail, deleted) == 0) {
        if (fstat(fd, &info) != 0)
            return -errno;
        length -= info.st_nlink == 0 ? (ssize_t)tail : 0;
        path[length] = '\0';
    }
    if (server_in_own_root(call->server))
        return length; /* names are told as our own root has them */
    snprintf(entry, sizeof entry, "%d/root", call->tid);
    const ssize_t got = read_link(context->proc, entry, root, sizeof root);
    if (got < 0 && error_is_ours((int)-got))
        return got;
    return got > 0 ? path_below_root(path, (size_t)length, root) : length;
}

/* ---- room for one more ---- */

/* ULONG_MAX: there is none. */
static unsigned long number_at(const char *text) {
    char *end;
    const unsigned long number = text ? strtoul(text, &end, 10) : ULONG_MAX;
    return text && end != text ? number : ULONG_MAX;
}

static unsigned long descriptor_limit(struct stopped_call *call) {
    uint64_t limit;
    const int proc = call->server->context->proc;
    return proc_soft_limit(proc, call->tid, "\nMax open files", &limit) ? limit : ULONG_MAX;
}

static unsigned long table_size(struct stopped_call *call) {
    char text[4096];
    proc_text_of(call->server->context->proc, call->tid, "status", text, sizeof text);
    return number_at(proc_status_field(text, "\nFDSize:"));
}

static unsigned long count_below(struct stopped_call *call, unsigned long limit) {
    char name[64];
    unsigned long count = 0;
    snprintf(name, sizeof name, "%d/fd", call->tid);
    rights_must_own(call->server);
    int fd = openat(call->server->context->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rights_must_usual(call->server);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.' && strtoul(entry->d_name, NULL, 10) < limit;
    closedir(directory);
    return count;
}

bool descriptor_may_be_added(struct stopped_call *call) {
    const unsigned long limit = descriptor_limit(call);
    const unsigned long table = table_size(call);
    /* The next number is in its table, or the first one behind that. */
    return limit == ULONG_MAX || table < limit || count_below(call, limit) < limit;
}
