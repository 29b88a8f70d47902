/* environment.c - prints what a shell was given, and takes it back from one variable.
 * Rule: what cannot be restored stays as it is; a start never fails for it. */
#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* The kernel takes no string longer than 32 pages; the name is in it, too. */
#define LONGEST (32 * 4096 - 64)

/* Comes first, for an empty environment is one, too. */
#define MADE ':'

/* The parent's environment as procfs has it. Its pid is asked of procfs, too, which may be that of
 * another namespace. */
static int open_parents(void) {
    char text[512], path[64];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *rest = strrchr(text, ')'); /* the end of the name; then: a letter, the parent */
    long parent = rest ? strtol(rest + strcspn(rest, "0123456789"), NULL, 10) : 0;
    if (parent <= 0)
        return -1;
    snprintf(path, sizeof path, "/proc/%ld/environ", parent);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* A line for each string: the shell takes newlines off the end of it all, and has no NUL. */
static size_t quote(const char *bytes, size_t length, char *out) {
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = bytes[i];
        if (byte == '\n' || byte == '\\')
            out[written++] = '\\';
        out[written++] = (char)(byte == '\n' ? 'n' : byte == '\0' ? '\n' : byte);
    }
    return written;
}

int environment_print(int fd) {
    static char bytes[LONGEST], quoted[2 * LONGEST + 1];
    int environment = open_parents();
    if (environment < 0)
        return -1;
    size_t length = 0;
    ssize_t got;
    while ((got = read(environment, bytes + length, sizeof bytes - length)) > 0)
        length += (size_t)got;
    close(environment);
    quoted[0] = MADE;
    size_t size = 1 + quote(bytes, length, quoted + 1);
    if (got < 0 || length == sizeof bytes || size > LONGEST)
        return -1;
    for (size_t written = 0; written < size; written += (size_t)got)
        if ((got = write(fd, quoted + written, size - written)) < 0)
            return -1;
    return 0;
}

/* Undoes quote() in place; the number of strings. */
static size_t unquote(char *text) {
    size_t strings = 1;
    char *out = text;
    for (; *text; text++) {
        char byte = *text;
        if (byte == '\n') {
            strings++;
            byte = '\0';
        } else if (byte == '\\' && text[1] != '\0') {
            text++;
            byte = '\n';
            if (*text != 'n')
                byte = *text;
        }
        *out++ = byte;
    }
    *out = '\0';
    return strings;
}

void environment_restore(void) {
    char *given = getenv(GIVEN_ENVIRONMENT);
    unsetenv(GIVEN_ENVIRONMENT); /* which only takes the pointer to it away */
    if (!given || *given != MADE)
        return;
    char *text = given + 1;
    size_t strings = *text == '\0' ? 0 : unquote(text);
    char **environment = calloc(strings + 1, sizeof *environment);
    if (!environment)
        return;
    for (size_t i = 0; i < strings; i++, text += strlen(text) + 1)
        environment[i] = text;
    environ = environment;
}
