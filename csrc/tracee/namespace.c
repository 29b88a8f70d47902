/* namespace.c - what /proc/TID says of the namespaces of a thread. */
#include "namespace.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t namespace_of(int proc, pid_t tid, const char *kind) {
    char name[64];
    struct stat info, here;
    snprintf(name, sizeof name, "%d/ns/%s", tid, kind);
    /* A namespace lies on a filesystem of its own. gVisor before 2023 has a file on procfs instead,
     * with another number for each process. */
    if (fstatat(proc, name, &info, 0) != 0 || fstat(proc, &here) != 0 || info.st_dev == here.st_dev)
        return 0;
    return info.st_ino;
}

static ssize_t read_uid_map(int proc, pid_t tid, char *map, size_t capacity) {
    char name[64];
    snprintf(name, sizeof name, "%d/uid_map", tid);
    int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, map, capacity);
    close(fd);
    return length;
}

bool namespace_maps_equal(int proc, pid_t a, pid_t b) {
    char first[4096], second[4096];
    ssize_t length = read_uid_map(proc, a, first, sizeof first);
    return length == read_uid_map(proc, b, second, sizeof second) &&
           (length <= 0 || memcmp(first, second, (size_t)length) == 0);
}
