/* with-mounts.c - runs a command in a mount namespace of its own that has that many mounts more,
 * all on the directories of a new tmpfs. usage: with-mounts COUNT DIRECTORY COMMAND... */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void complain(const char *what) {
    fprintf(stderr, "with-mounts: %s: %s\n", what, strerror(errno));
    exit(125);
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        complain(path);
    close(fd);
}

/* Who is not root becomes it, in a user namespace. */
static void separate(void) {
    char map[64];
    unsigned user = geteuid(), group = getegid();
    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            complain("no mount namespace is to be had");
        snprintf(map, sizeof map, "0 %u 1\n", user);
        write_file("/proc/self/uid_map", map);
        write_file("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1\n", group);
        write_file("/proc/self/gid_map", map);
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        complain("private mounts");
}

int main(int count, char **arguments) {
    char name[32];
    if (count < 4)
        return 2;
    separate();
    if (mount("tmpfs", arguments[2], "tmpfs", 0, NULL) != 0 || chdir(arguments[2]) != 0)
        complain(arguments[2]);
    long mounts = strtol(arguments[1], NULL, 10);
    for (long i = 0; i < mounts; i++) {
        snprintf(name, sizeof name, "m%ld", i);
        if (mkdir(name, 0755) != 0 || mount("tmpfs", name, "tmpfs", 0, NULL) != 0)
            complain(name);
    }
    execvp(arguments[3], arguments + 3);
    complain(arguments[3]);
}
