/* crowd.c - a mount namespace that has so many mounts, for as long as standard input stays open:
 * its mounts go with it. When others may enter, it says which namespaces: `mount` or `user mount`.
 * usage: crowd DIRECTORY COUNT    (DIRECTORY: an empty one; COUNT: at least as many) */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "namespaces.h"

static int count_mounts(void) {
    int lines = 0;
    FILE *table = fopen("/proc/self/mountinfo", "re");
    if (table == NULL)
        err(1, "/proc/self/mountinfo");
    for (int c = 0; (c = fgetc(table)) != EOF;)
        lines += c == '\n';
    fclose(table);
    return lines;
}

static void tmpfs(const char *path) {
    if (mount("crowd", path, "tmpfs", 0, "size=4k,nr_inodes=8k") != 0)
        err(1, "%s", path);
}

int main(int count, char **words) {
    if (count != 3 || atoi(words[2]) < 1) {
        fprintf(stderr, "usage: crowd DIRECTORY COUNT\n");
        return 2;
    }
    /* An ordinary user stays who it is. */
    bool alone = enter_mount_namespace(geteuid());
    if (count_mounts() < atoi(words[2]))
        tmpfs(words[1]);
    for (int have = count_mounts(); have < atoi(words[2]); have++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d", words[1], have);
        if (mkdir(path, 0755) != 0)
            err(1, "%s", path);
        tmpfs(path);
    }
    puts(alone ? "mount" : "user mount");
    if (fflush(stdout) != 0)
        err(1, "standard output");
    char nothing;
    return read(0, &nothing, 1) == 0 ? 0 : 1;
}
