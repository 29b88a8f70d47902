/* failure.c - errors with errno and context. Rule: one write(2) a message, so that lines of several
 * processes do not mix; nothing here allocates. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fail(struct failure *failure, int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    failure->error = error;
    return -1;
}

static void write_line(char *line, int length, size_t capacity) {
    size_t end = length < 0 ? 0 : (size_t)length;
    if (end > capacity - 2)
        end = capacity - 2;
    line[end++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, end);
    (void)written; /* there is nobody left to tell */
}

void complain(const struct failure *failure) {
    char line[512];
    int length;
    if (failure->error)
        length = snprintf(line, sizeof line, "seccomp-spoof: %s: %s", failure->text,
                          strerror(failure->error));
    else
        length = snprintf(line, sizeof line, "seccomp-spoof: %s", failure->text);
    write_line(line, length, sizeof line);
}

void remark(const char *format, ...) {
    char line[512] = "seccomp-spoof: ";
    size_t start = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + start, sizeof line - start, format, arguments);
    va_end(arguments);
    write_line(line, length < 0 ? length : length + (int)start, sizeof line);
}
