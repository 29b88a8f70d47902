/* multi JOBS - not a subject: runs many subjects one after the other, so that a slow machine has to
 * start the program under test only once. A line of the file JOBS is
 *
 *     SECONDS <tab> DIRECTORY <tab> OUTPUT <tab> PROGRAM <tab> ARGUMENT...
 *
 * and leaves OUTPUT.out, OUTPUT.err, OUTPUT.status (`exit N`, `signal N` or `timeout`) and how long
 * it took in OUTPUT.milliseconds. A job is over when every process that inherited descriptor 3 is
 * gone, not when its first one is. It hangs (`timeout`) when it says nothing more for SECONDS,
 * however slow the machine is that it goes on at. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFELINE = 3, WORDS = 16, TURN_MS = 5000 };

static char *beside(const char *output, const char *ending) {
    char *path;
    if (asprintf(&path, "%s.%s", output, ending) < 0)
        die("asprintf");
    return path;
}

static _Noreturn void become_job(char **words, int lifeline) {
    const char *directory = words[1], *output = words[2];
    setpgid(0, 0);
    int in = open_or_die("/dev/null", O_RDONLY);
    int out = open_or_die(beside(output, "out"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    int err = open_or_die(beside(output, "err"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    must(chdir(directory), directory);
    must(dup2(in, 0), "dup2");
    must(dup2(out, 1), "dup2");
    must(dup2(err, 2), "dup2");
    if (lifeline == LIFELINE)
        must(fcntl(lifeline, F_SETFD, 0), "lifeline");
    else
        must(dup2(lifeline, LIFELINE), "dup2");
    execv(words[3], words + 3);
    die(words[3]);
}

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void leave(const char *output, const char *ending, const char *word, long number) {
    FILE *file = fopen(beside(output, ending), "we");
    if (file == NULL)
        die(output);
    if (number >= 0)
        fprintf(file, "%s%ld\n", word, number);
    else
        fprintf(file, "%s\n", word);
    fclose(file);
}

/* How much the job has said by now. */
static off_t said(const char *out, const char *err) {
    struct stat status[2] = {{.st_size = 0}, {.st_size = 0}};
    stat(out, &status[0]);
    stat(err, &status[1]);
    return status[0].st_size + status[1].st_size;
}

/* False if it became silent for this long before it ended. */
static bool wait_for_end(int lifeline, const char *output, int seconds) {
    char *out = beside(output, "out"), *err = beside(output, "err");
    struct pollfd polled = {.fd = lifeline, .events = POLLIN};
    off_t before = 0;
    long heard = milliseconds();
    int ready = 0;
    while (ready <= 0 && milliseconds() - heard < seconds * 1000L) {
        if ((ready = poll(&polled, 1, TURN_MS)) < 0 && errno != EINTR)
            die("poll");
        off_t now = said(out, err);
        if (now != before) {
            before = now;
            heard = milliseconds();
        }
    }
    free(out);
    free(err);
    return ready > 0;
}

static void run(char **words) {
    int lifeline[2];
    const char *output = words[2];
    long began = milliseconds();
    must(pipe2(lifeline, O_CLOEXEC), "pipe");
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0)
        become_job(words, lifeline[1]);
    setpgid(pid, pid); /* in both, so that it holds before either goes on */
    close(lifeline[1]);

    bool ended = wait_for_end(lifeline[0], output, atoi(words[0]));
    if (!ended)
        kill(-pid, SIGKILL);
    int status;
    must(waitpid(pid, &status, 0), "waitpid");
    close(lifeline[0]);

    if (!ended)
        leave(output, "status", "timeout", -1);
    else if (WIFSIGNALED(status))
        leave(output, "status", "signal ", WTERMSIG(status));
    else
        leave(output, "status", "exit ", WEXITSTATUS(status));
    leave(output, "milliseconds", "", milliseconds() - began);
}

int main(int argc, char **argv) {
    FILE *jobs = argc == 2 ? fopen(argv[1], "re") : NULL;
    if (jobs == NULL)
        die("usage: multi JOBS");
    char line[8192];
    while (fgets(line, sizeof line, jobs) != NULL) {
        char *words[WORDS] = {NULL};
        size_t count = 0;
        line[strcspn(line, "\n")] = '\0';
        for (char *word = strtok(line, "\t"); word != NULL && count < WORDS - 1;
             word = strtok(NULL, "\t"))
            words[count++] = word;
        if (count < 4)
            die("a line of the file of jobs");
        run(words);
    }
    return 0;
}
