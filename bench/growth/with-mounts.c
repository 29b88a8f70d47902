/* with-mounts.c - runs a command in a mount namespace of its own that has that many mounts more,
 * all on the directories of a new tmpfs. usage: with-mounts COUNT DIRECTORY COMMAND... */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../drivers/namespaces.h"

int main(int count, char **arguments) {
    char name[32];
    if (count < 4)
        return 2;
    enter_mount_namespace(0);
    if (mount("tmpfs", arguments[2], "tmpfs", 0, NULL) != 0 || chdir(arguments[2]) != 0)
        err(125, "%s", arguments[2]);
    long mounts = strtol(arguments[1], NULL, 10);
    for (long i = 0; i < mounts; i++) {
        snprintf(name, sizeof name, "m%ld", i);
        if (mkdir(name, 0755) != 0 || mount("tmpfs", name, "tmpfs", 0, NULL) != 0)
            err(125, "%s", name);
    }
    execvp(arguments[3], arguments + 3);
    err(125, "%s", arguments[3]);
}
