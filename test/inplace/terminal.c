/* terminal PROGRAM ARGUMENT... - runs PROGRAM on a pseudo-terminal of its own and talks to it as
 * the script on standard input says, one step a line:
 *
 *   expect TEXT        reads on until TEXT has come (behind what the last expect found)
 *   send TEXT          types TEXT
 *   size ROWS COLUMNS  resizes the terminal
 *   front              waits until another program than the shell's has the terminal
 *   pause MICROSECONDS sleeps: to hit another moment of a start, never to wait for something
 *   state LABEL        prints the modes of the terminal, its size, and whose group is in front
 *   end                waits until PROGRAM has ended, and prints how
 *
 * In TEXT, \n \r \\ and \xHH are understood. Every wait is for an event, and none is longer than
 * LIMIT seconds: then the transcript goes to standard error and we end with 1. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 1200 /* only to detect hangs, as in test/support/silence.ts */

static int master;
static pid_t program;
static char transcript[1 << 20];
static size_t length, found;

static void give_up(const char *why, const char *detail) {
    fprintf(stderr, "terminal: %s: %s\n--- transcript ---\n%s\n---\n", why, detail, transcript);
    /* A stopped job ends too: the kernel hangs up the session when its leader dies. */
    kill(program, SIGKILL);
    close(master);
    waitpid(program, NULL, 0);
    exit(1);
}

static size_t unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from != 0;) {
        unsigned byte;
        if (from[0] == '\\' && from[1] == 'n')
            *to++ = '\n', from += 2;
        else if (from[0] == '\\' && from[1] == 'r')
            *to++ = '\r', from += 2;
        else if (from[0] == '\\' && from[1] == '\\')
            *to++ = '\\', from += 2;
        else if (from[0] == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1)
            *to++ = (char)byte, from += 4;
        else
            *to++ = *from++;
    }
    *to = 0;
    return (size_t)(to - text);
}

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads what has come; false when the other side has hung up. */
static bool more(long deadline, const char *what) {
    struct pollfd wait = {.fd = master, .events = POLLIN};
    long left = deadline - milliseconds();
    if (left <= 0 || poll(&wait, 1, (int)left) == 0)
        give_up("waited too long for", what);
    ssize_t count = read(master, transcript + length, sizeof transcript - 1 - length);
    if (count <= 0)
        return false;
    length += (size_t)count;
    transcript[length] = 0;
    return true;
}

static void expect(char *text) {
    long deadline = milliseconds() + LIMIT * 1000;
    size_t count = unescape(text);
    char *at;
    while ((at = memmem(transcript + found, length - found, text, count)) == NULL)
        if (!more(deadline, text))
            give_up("the program hung up before", text);
    found = (size_t)(at - transcript) + count;
}

static void type(char *text) {
    size_t count = unescape(text);
    if (write(master, text, count) != (ssize_t)count)
        give_up("could not type", text);
}

static void state(const char *label) {
    struct termios modes;
    struct winsize size;
    if (tcgetattr(master, &modes) != 0 || ioctl(master, TIOCGWINSZ, &size) != 0)
        give_up("no state", strerror(errno));
    pid_t group = tcgetpgrp(master);
    printf("%s: i=%o o=%o c=%o l=%o cc=", label, modes.c_iflag, modes.c_oflag, modes.c_cflag,
           modes.c_lflag);
    for (int i = 0; i < NCCS; i++)
        printf("%02x", modes.c_cc[i]);
    printf(" size=%dx%d front=%s\n", size.ws_row, size.ws_col, group == program ? "shell" : "job");
}

static bool runs(pid_t pid, char *file, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    ssize_t count = readlink(path, file, size - 1);
    file[count > 0 ? count : 0] = 0;
    return count > 0;
}

/* The shell's child is in front before it has become another program, and ignores Ctrl-Z until
 * then. There is no event to wait for here. */
static void front(void) {
    long deadline = milliseconds() + LIMIT * 1000;
    char shell[4096], job[4096];
    runs(program, shell, sizeof shell);
    for (;;) {
        pid_t group = tcgetpgrp(master);
        if (group != program && runs(group, job, sizeof job) && strcmp(job, shell) != 0)
            return;
        if (milliseconds() > deadline)
            give_up("waited too long for", "a job in front");
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

static void end(void) {
    long deadline = milliseconds() + LIMIT * 1000;
    while (more(deadline, "the program's end"))
        ;
    int handle = (int)syscall(SYS_pidfd_open, program, 0);
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    if (handle < 0 || poll(&wait, 1, LIMIT * 1000) != 1)
        give_up("waited too long for", "the program's end");
    int status;
    waitpid(program, &status, 0);
    if (WIFEXITED(status))
        printf("end: exited %d\n", WEXITSTATUS(status));
    else
        printf("end: signal %d\n", WTERMSIG(status));
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    struct winsize size = {.ws_row = 24, .ws_col = 200};
    program = forkpty(&master, NULL, NULL, &size);
    if (program < 0) {
        perror("terminal: forkpty");
        return 2;
    }
    if (program == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        int rows, columns;
        if (strncmp(line, "expect ", 7) == 0)
            expect(line + 7);
        else if (strncmp(line, "send ", 5) == 0)
            type(line + 5);
        else if (strncmp(line, "state ", 6) == 0)
            state(line + 6);
        else if (strcmp(line, "front") == 0)
            front();
        else if (strncmp(line, "pause ", 6) == 0)
            usleep((useconds_t)atoi(line + 6));
        else if (sscanf(line, "size %d %d", &rows, &columns) == 2) {
            size.ws_row = (unsigned short)rows;
            size.ws_col = (unsigned short)columns;
            ioctl(master, TIOCSWINSZ, &size);
        } else if (strcmp(line, "end") == 0)
            end();
        else if (line[0] != 0)
            give_up("no such step", line);
    }
    printf("transcript:\n%s", transcript);
    return 0;
}
