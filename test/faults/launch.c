/* launch.c - starts the supervisor with a policy and a program below it, and waits for all of them.
 * The policy is descriptor 4, the log 5.
 * Prints on descriptor 3 how the first process ended, and which processes hung, if any did: all asleep,
 * and nothing done, at each of so many looks in a row; or all the work of seconds came to nothing. Rule: time alone is no sign, as a busy machine
 * lets nobody run; who could run is not asleep. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hook.h"

#define LOOK_MS 500
#define SPIN_TICKS 1000 /* ten seconds of work, of which nothing comes */

static const struct hook_control *control;

struct look {
    bool could_run; /* one of them */
    long ticks;     /* of processor time that they have used */
    char text[2048];
};

/* All that descends from this process. */
static void look_below(pid_t pid, struct look *look, bool kills) {
    char name[64], children[8192], line[1024];
    snprintf(name, sizeof name, "/proc/%d/task/%d/children", pid, pid);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, children, sizeof children - 1);
    close(fd);
    children[got > 0 ? got : 0] = '\0';
    for (char *at = children, *end; strtol(at, &end, 10) > 0; at = end) {
        pid_t child = (pid_t)strtol(at, NULL, 10);
        char state = '?', command[64] = "", wait[64] = "";
        long user = 0, system = 0;
        snprintf(name, sizeof name, "/proc/%d/stat", child);
        FILE *file = fopen(name, "re");
        if (file && fgets(line, sizeof line, file))
            sscanf(line, "%*d (%63[^)]) %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", command,
                   &state, &user, &system);
        if (file)
            fclose(file);
        snprintf(name, sizeof name, "/proc/%d/wchan", child);
        file = fopen(name, "re");
        if (file && !fgets(wait, sizeof wait, file))
            wait[0] = '\0';
        if (file)
            fclose(file);
        look->ticks += user + system;
        look->could_run = look->could_run || state == 'R';
        size_t length = strlen(look->text);
        snprintf(look->text + length, sizeof look->text - length, " %s:%c:%s", command, state, wait);
        look_below(child, look, kills);
        if (kills)
            kill(child, SIGKILL);
    }
}

int main(int count, char **arguments) {
    if (count < 6)
        return 2; /* CONTROL LOOKS POLICY LOG SUPERVISOR WORD... */
    int fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
    control = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (control == MAP_FAILED)
        return 2;
    const int looks = atoi(arguments[2]);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t first = fork();
    if (first == 0) {
        prctl(PR_SET_CHILD_SUBREAPER, 0);
        sigprocmask(SIG_UNBLOCK, &child, NULL);
        int policy = open(arguments[3], O_RDONLY);
        if (policy < 0 || dup2(policy, 4) < 0)
            _exit(2);
        if (policy != 4)
            close(policy);
        int log = open(arguments[4], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
        if (log < 0 || dup2(log, 5) < 0)
            _exit(2);
        if (log != 5)
            close(log);
        fcntl(3, F_SETFD, FD_CLOEXEC);
        setenv(HOOK_VARIABLE, arguments[1], 1);
        execv(arguments[5], arguments + 5);
        _exit(2);
    }
    int status = -1, still = 0;
    uint32_t made = 0;
    off_t printed = -1;
    long ticks = 0; /* at the last progress */
    bool hung = false;
    struct look look = {0};
    for (;;) {
        int changed;
        pid_t ended = waitpid(-1, &changed, __WALL | WNOHANG);
        if (ended == first)
            status = changed;
        if (ended < 0)
            break;
        if (ended > 0)
            continue;
        const struct timespec period = {0, LOOK_MS * 1000000L};
        if (sigtimedwait(&child, NULL, &period) > 0)
            continue;
        struct stat out;
        look = (struct look){0};
        look_below(getpid(), &look, false);
        const bool prints = fstat(1, &out) == 0 && out.st_size != printed;
        if (prints || ended == first)
            ticks = look.ticks;
        bool moved = look.could_run || prints;
        /* The supervisor itself looks around all the time: only where it does more counts. */
        moved = moved || control->made - made > 64;
        made = control->made;
        printed = out.st_size;
        still = moved ? 0 : still + 1;
        if (still < looks && look.ticks - ticks < SPIN_TICKS)
            continue;
        if (hung)
            break;
        hung = true;
        look = (struct look){0};
        look_below(getpid(), &look, true);
        still = looks - 20;
        ticks = look.ticks;
    }
    dprintf(3, "{\"exit\":%d,\"signal\":%d,\"hung\":\"%s\"}\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            WIFSIGNALED(status) ? WTERMSIG(status) : 0, hung ? look.text : "");
    return 0;
}
