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

void complain(const struct failure *failure) {
    if (failure->error)
        remark("%s: %s", failure->text, strerror(failure->error));
    else
        remark("%s", failure->text);
}

void remark(const char *format, ...) {
    char line[512] = "seccomp-spoof: ";
    va_list arguments;
    va_start(arguments, format);
    size_t end = strlen(line), room = sizeof line - end - 1; /* but for the newline */
    int length = vsnprintf(line + end, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        end += (size_t)length < room ? (size_t)length : room - 1;
    line[end++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, end);
    (void)written; /* there is nobody left to tell */
}
