/* spawn-times.c - wall time of short commands, from the fork to the end of the process, without a
 * large parent: prints a line of nanoseconds a round, one for each command.
 * usage: spawn-times ROUNDS COMMAND... [';' COMMAND...]...
 * As with env(1), words NAME=VALUE in front of a command are for its environment. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../drivers/clock.h"

#define MOST_COMMANDS 64

extern char **environ;

/* The command's variables come first, so that they hide ours of the same name. */
static char **environment_for(char **words, int assignments) {
    size_t own = 0;
    while (environ[own])
        own++;
    char **environment = calloc((size_t)assignments + own + 1, sizeof *environment);
    if (!environment)
        return NULL;
    size_t count = 0;
    for (; count < (size_t)assignments; count++)
        environment[count] = words[count];
    for (size_t i = 0; i < own; i++) {
        const char *equals = strchr(environ[i], '=');
        size_t length = equals ? (size_t)(equals - environ[i]) + 1 : 0;
        bool hidden = false;
        for (int a = 0; a < assignments; a++)
            hidden = hidden || strncmp(words[a], environ[i], length) == 0;
        if (!hidden)
            environment[count++] = environ[i];
    }
    return environment;
}

/* Nanoseconds, or less than 0 if the command did not end well. */
static double time_command(char **words) {
    int assignments = 0, status = 0;
    pid_t pid;
    while (words[assignments] && strchr(words[assignments], '='))
        assignments++;
    char **environment = environment_for(words, assignments);
    char **command = words + assignments;
    uint64_t begin = now_ns();
    int error =
        environment ? posix_spawnp(&pid, command[0], NULL, NULL, command, environment) : ENOMEM;
    if (error == 0 && waitpid(pid, &status, 0) != pid)
        error = errno;
    double duration = (double)(now_ns() - begin);
    free(environment);
    if (error == 0 && status == 0)
        return duration;
    fprintf(stderr, "spawn-times: %s: %s, status 0x%x\n", command[0],
            error ? strerror(error) : "ended badly", (unsigned)status);
    return -1;
}

int main(int count, char **arguments) {
    char **commands[MOST_COMMANDS];
    int known = 0;
    if (count < 3)
        return 2;
    for (int i = 2; i < count && known < MOST_COMMANDS; i++) {
        commands[known++] = arguments + i;
        while (i < count && strcmp(arguments[i], ";") != 0)
            i++;
        if (i < count)
            arguments[i] = NULL;
    }
    long rounds = strtol(arguments[1], NULL, 10);
    for (long round = 0; round < rounds; round++) {
        for (int i = 0; i < known; i++) {
            double duration = time_command(commands[i]);
            if (duration < 0)
                return 1;
            printf("%.0f%s", duration, i + 1 < known ? " " : "\n");
        }
        fflush(stdout);
    }
    return 0;
}
