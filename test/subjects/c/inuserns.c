/* inuserns SUBJECT [ARGUMENT...] - runs another subject as root of a user namespace of its own, as
 * rootless containers do. Root outside brings all its users along; others only themselves. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void put(const char *path, const char *text) {
    int fd = open_or_die(path, O_WRONLY);
    must(write(fd, text, strlen(text)), path);
    close(fd);
}

int main(int argc, char **argv) {
    if (argc < 2)
        die("usage: inuserns SUBJECT [ARGUMENT...]");
    uid_t user = geteuid();
    gid_t group = getegid();
    char path[4096], map[64];
    /* The one beside this program; read before anything else can change. */
    ssize_t length = must(readlink("/proc/self/exe", path, sizeof path - 256), "readlink");
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, argv[1]);

    struct turn ready, mapped;
    turn_make(&ready);
    turn_make(&mapped);
    pid_t parent = getpid();
    pid_t helper = (pid_t)must(fork(), "fork");
    if (helper == 0) { /* stays outside: only from there can a whole range be mapped */
        char file[64];
        turn_wait(&ready);
        snprintf(file, sizeof file, "/proc/%d/setgroups", parent);
        if (user != 0)
            put(file, "deny");
        snprintf(map, sizeof map, user == 0 ? "0 0 65536" : "0 %u 1", user);
        snprintf(file, sizeof file, "/proc/%d/uid_map", parent);
        put(file, map);
        snprintf(map, sizeof map, user == 0 ? "0 0 65536" : "0 %u 1", group);
        snprintf(file, sizeof file, "/proc/%d/gid_map", parent);
        put(file, map);
        turn_give(&mapped);
        _exit(0);
    }
    close(mapped.pipe[1]); /* a helper that fails ends the wait */
    if (unshare(CLONE_NEWUSER) != 0)
        not_applicable(strerror(errno));
    turn_give(&ready);
    turn_wait(&mapped);
    reap(helper, "helper");
    must(setresgid(0, 0, 0), "setresgid");
    must(setresuid(0, 0, 0), "setresuid");
    execv(path, argv + 1);
    die(path);
}
