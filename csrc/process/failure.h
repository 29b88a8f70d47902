/* failure.h - how an error travels: errno and context go up, only main() and start print them. */
#ifndef SPOOF_FAILURE_H
#define SPOOF_FAILURE_H

#include <errno.h>

/* How our programs end when they do not become the command, as env(1) does. */
#define STATUS_OUR_FAULT 125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

struct failure {
    int error;      /* an errno, or 0 if none says it better than the text */
    char text[320]; /* what, where, and what to do; no newline */
};

/* Fills `failure` and returns -1, so that a function can end with `return fail(...)`. */
int fail(struct failure *failure, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes "seccomp-spoof: TEXT[: errno]\n" to standard error in one write. */
void complain(const struct failure *failure);
/* The same for a remark that is no error. */
void remark(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
