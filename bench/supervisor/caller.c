/* caller.c - makes calls that are stopped, in turns: for each number that it reads, that many
 * calls, then it says "done". Between the turns the supervisor can be looked at. usage: caller
 * DIRECTORY PRIVATE   (both on a filesystem whose type is changed, PRIVATE below a directory of
 * mode 0700) */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

/* Of a thousand calls that many opens of a mount table, which costs much more than the others. */
#define TABLES_IN_THOUSAND 2
/* And that many are below a directory that only its owner may enter: rights have to be looked at.
 */
#define PRIVATE_IN_THOUSAND 20

static void read_table(void) {
    char text[65536];
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text) <= 0)
        err(1, "/proc/self/mountinfo");
    close(fd);
}

static void call(long number, const char *path, const char *below_private, int directory) {
    struct statfs info;
    int fd;
    if (number % 1000 < TABLES_IN_THOUSAND) {
        read_table();
        return;
    }
    if (number % 1000 < TABLES_IN_THOUSAND + PRIVATE_IN_THOUSAND) {
        if (statfs(below_private, &info) != 0)
            err(1, "statfs below a private directory");
        return;
    }
    switch (number % 4) {
    case 0:
        if (statfs(path, &info) != 0)
            err(1, "statfs");
        break;
    case 1:
        if (fstatfs(directory, &info) != 0)
            err(1, "fstatfs");
        break;
    case 2:
        if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
            err(1, "open");
        close(fd);
        break;
    default:
        if (openat(directory, "no such file", O_RDONLY | O_CLOEXEC) >= 0 || errno != ENOENT)
            err(1, "openat");
    }
}

int main(int count, char **arguments) {
    char line[32];
    if (count != 3)
        return 2;
    int directory = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        err(1, "%s", arguments[1]);
    while (fgets(line, sizeof line, stdin)) {
        long calls = strtol(line, NULL, 10);
        for (long i = 0; i < calls; i++)
            call(i, arguments[1], arguments[2], directory);
        puts("done");
        fflush(stdout);
    }
    return 0;
}
