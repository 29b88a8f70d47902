/* namespaces.h - a mount namespace of one's own, for who is not root as well. */
#ifndef BENCH_NAMESPACES_H
#define BENCH_NAMESPACES_H

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

static inline void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || dprintf(fd, "%s", text) < 0)
        err(125, "%s", path);
    close(fd);
}

static inline void map_one(const char *path, unsigned inside, unsigned outside) {
    char map[64];
    snprintf(map, sizeof map, "%u %u 1", inside, outside);
    put(path, map);
}

/* False: it needed a user namespace as well, in which we are the user `inside`. */
static inline bool enter_mount_namespace(unsigned inside) {
    unsigned user = geteuid(), group = getegid();
    bool alone = unshare(CLONE_NEWNS) == 0;
    if (!alone) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            err(125, "no mount namespace can be made");
        put("/proc/self/setgroups", "deny");
        map_one("/proc/self/uid_map", inside, user);
        map_one("/proc/self/gid_map", inside == user ? group : 0, group);
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        err(125, "mounts cannot be made private");
    return alone;
}

#endif
