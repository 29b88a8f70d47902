/* program.c - the name of a program. Rule: for logs and exceptions only; a program chooses its name
 * itself, so nothing that must hold may depend on it. */
#include "program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "context.h"

void program_name(const struct context *context, pid_t tid, char name[PROGRAM_NAME]) {
    char entry[64], path[4096];
    snprintf(entry, sizeof entry, "%d/exe", tid);
    ssize_t length = readlinkat(context->proc, entry, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(path, '/');
    snprintf(name, PROGRAM_NAME, "%.*s", PROGRAM_NAME - 1, slash ? slash + 1 : path);
}
