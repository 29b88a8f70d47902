/* crowd.c - a mount namespace that has so many mounts, for as long as standard input stays open:
 * its mounts go with it. When others may enter, it says which namespaces: `mount` or `user mount`.
 * usage: crowd DIRECTORY COUNT    (DIRECTORY: an empty one; COUNT: at least as many) */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void fail(const char *what) {
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fail(path);
    close(fd);
}

/* An ordinary user needs a user namespace as well, and stays who it is there. */
static const char *enter(void) {
    char map[64];
    unsigned user = geteuid(), group = getegid();
    if (user == 0 && unshare(CLONE_NEWNS) == 0)
        return "mount";
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        fail("no mount namespace can be made");
    put("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", user, user);
    put("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", group, group);
    put("/proc/self/gid_map", map);
    return "user mount";
}

static int count_mounts(void) {
    int lines = 0;
    FILE *table = fopen("/proc/self/mountinfo", "re");
    if (table == NULL)
        fail("/proc/self/mountinfo");
    for (int c = 0; (c = fgetc(table)) != EOF;)
        lines += c == '\n';
    fclose(table);
    return lines;
}

static void tmpfs(const char *path) {
    if (mount("crowd", path, "tmpfs", 0, "size=4k,nr_inodes=8k") != 0)
        fail(path);
}

int main(int count, char **words) {
    if (count != 3 || atoi(words[2]) < 1) {
        fprintf(stderr, "usage: crowd DIRECTORY COUNT\n");
        return 2;
    }
    const char *namespaces = enter();
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        fail("mounts cannot be made private");
    if (count_mounts() < atoi(words[2]))
        tmpfs(words[1]);
    for (int have = count_mounts(); have < atoi(words[2]); have++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d", words[1], have);
        if (mkdir(path, 0755) != 0)
            fail(path);
        tmpfs(path);
    }
    puts(namespaces);
    if (fflush(stdout) != 0)
        fail("standard output");
    char nothing;
    return read(0, &nothing, 1) == 0 ? 0 : 1;
}
