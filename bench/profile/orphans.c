/* orphans PROGRAM ARGUMENT... - runs PROGRAM as a child, and becomes the parent of every descendant
 * that loses its own: a supervisor, which leaves its parent, is found below us and nowhere else.
 * PROGRAM ends with us, and we end as it does. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        fprintf(stderr, "usage: orphans PROGRAM ARGUMENT...: %s\n", strerror(errno));
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[1], argv + 1);
        fprintf(stderr, "orphans: %s: %s\n", argv[1], strerror(errno));
        _exit(127);
    }
    int status = 0;
    pid_t ended;
    while ((ended = wait(&status)) != child)
        if (ended < 0)
            return 2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
