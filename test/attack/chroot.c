/* chroot DIRECTORY - in a chroot in `jail` below it, with a procfs of its own there, as a user with
 * DIRECTORY as descriptor 50 and as working directory, which lies outside; makes every call on the
 * paths of standard input, lines of NAME, a tab and PATH. Ends with 77 where none can be mounted.
 */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack.h"

#define USER 12345
#define OUTSIDE 50

static int enter(const char *directory) {
    int outside = open(directory, O_PATH | O_DIRECTORY);
    if (outside < 0 || dup2(outside, OUTSIDE) != OUTSIDE || close(outside) != 0 ||
        chdir(directory) != 0)
        return 2;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", "jail/proc", "proc", 0, NULL) != 0)
        return 77;
    if (chroot("jail") != 0 || setgroups(0, NULL) != 0 || setresgid(USER, USER, USER) != 0 ||
        setresuid(USER, USER, USER) != 0)
        return 2;
    prctl(PR_SET_DUMPABLE, 1);
    return 0;
}

int main(int count, char **arguments) {
    char line[8192];
    int result = count > 1 ? enter(arguments[1]) : 2;
    if (result != 0)
        return result;
    umask(0);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (tab) {
            *tab = '\0';
            try_all(line, tab + 1);
        }
    }
    return fflush(stdout) != 0;
}
