/* stay VERB... - what the tests of a parent that stays (stay.test.ts) need from a command.
 *
 *   count SIGNAL NAME  says "ready PID", then for each SIGNAL how it came: "NAME code=C value=V";
 *                      at SIGWINCH it says "fence", at SIGUSR2 "end", and ends with 5
 *   crowd N WORDS...   starts WORDS, and N processes of its group, which a signal for the group comes
 *                      to one after the other; ends like a shell
 *   sender WORDS...    starts WORDS in a process group of its own, waits for "ready PID" on its
 *                      standard output, and then follows its own standard input, a line each:
 *                      "one SIGNAL", "queue SIGNAL VALUE" (to the process it started), "group
 *                      SIGNAL" (to its group), "command SIGNAL" (to PID), "read" (passes on a
 *                      line), "changed" (says how the process it started has changed), "until
 *                      CHANGE" (says that one, and passes over others) */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int count(int number, const char *name) {
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        if (sigwaitinfo(&set, &info) < 0)
            continue;
        if (info.si_signo == SIGUSR2) {
            puts("end");
            return 5;
        }
        if (info.si_signo == SIGWINCH)
            puts("fence");
        else
            printf("%s code=%d value=%d\n", name, info.si_code,
                   info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
        fflush(stdout);
    }
}

/* Writes a line; false: it has ended, and there is no further change. */
static bool next_change(pid_t child, char *line, size_t size) {
    int status = 0;
    if (waitpid(child, &status, WUNTRACED | WCONTINUED) != child)
        snprintf(line, size, "wait: %s\n", strerror(errno));
    else if (WIFSTOPPED(status))
        snprintf(line, size, "stopped %d\n", WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        snprintf(line, size, "continued\n");
    else if (WIFEXITED(status))
        snprintf(line, size, "exited %d\n", WEXITSTATUS(status));
    else
        snprintf(line, size, "signal %d\n", WTERMSIG(status));
    return WIFSTOPPED(status) || WIFCONTINUED(status);
}

/* `wanted`: a line, or NULL for any. The end is said in its place. */
static void say_change(pid_t child, const char *wanted) {
    char line[64];
    while (next_change(child, line, sizeof line) && wanted && strcmp(line, wanted) != 0)
        ;
    fputs(line, stdout);
}

static int send_as_told(char **words) {
    int output[2], number, value;
    char line[256];
    pid_t command = 0;
    setvbuf(stdout, NULL, _IOLBF, 0); /* who waits for ever has told how far it came */
    if (pipe2(output, O_CLOEXEC) != 0)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        dup2(output[1], STDOUT_FILENO);
        execvp(words[0], words);
        _exit(127);
    }
    setpgid(child, child);
    close(output[1]);
    FILE *from = fdopen(output[0], "r");
    if (!fgets(line, sizeof line, from) || sscanf(line, "ready %d", &command) != 1)
        return 3;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "one %d", &number) == 1)
            kill(child, number);
        else if (sscanf(line, "queue %d %d", &number, &value) == 2)
            sigqueue(child, number, (union sigval){.sival_int = value});
        else if (sscanf(line, "group %d", &number) == 1)
            kill(-child, number);
        else if (sscanf(line, "command %d", &number) == 1)
            kill(command, number);
        else if (strncmp(line, "read", 4) == 0)
            fputs(fgets(line, sizeof line, from) ? line : "(nothing)\n", stdout);
        else if (strncmp(line, "changed", 7) == 0)
            say_change(child, NULL);
        else if (strncmp(line, "until ", 6) == 0)
            say_change(child, line + 6);
    }
    return 0;
}

static int run_in_crowd(int number, char **words) {
    siginfo_t info;
    sigset_t all;
    const pid_t child = fork();
    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < number; i++)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
    if (waitid(P_PID, (id_t)child, &info, WEXITED) != 0)
        return 2;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

int main(int argc, char **argv) {
    if (argc > 3 && strcmp(argv[1], "crowd") == 0)
        return run_in_crowd(atoi(argv[2]), argv + 3);
    if (argc > 3 && strcmp(argv[1], "count") == 0)
        return count(atoi(argv[2]), argv[3]);
    if (argc > 2 && strcmp(argv[1], "sender") == 0)
        return send_as_told(argv + 2);
    return 2;
}
