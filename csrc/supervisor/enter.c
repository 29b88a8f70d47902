/* enter.c - the first C step of `exec`: records what Node would change, then becomes Node.
 * Rule: nothing is opened or changed before the record is made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environ.h"
#include "failure.h"
#include "state.h"
#include "verbs.h"

extern char **environ;

/* NODE_OPTIONS and its like are meant for the command, not for the Node that starts it. */
static bool is_for_node(const char *variable) {
    return strncmp(variable, "NODE_", 5) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_STATE=", 20) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_CWD_FD=", 21) == 0;
}

/* Room for this many more variables than `environ` has. */
static char **environment_for_node(size_t more, size_t *kept) {
    size_t variables = 0;
    while (environ[variables])
        variables++;
    char **environment = calloc(variables + more + 1, sizeof *environment);
    *kept = 0;
    for (size_t i = 0; environment && i < variables; i++)
        if (!is_for_node(environ[i]))
            environment[(*kept)++] = environ[i];
    return environment;
}

static int become_node(char *script, char **arguments, int count, int state_fd, int directory_fd,
                       struct failure *failure) {
    size_t kept = 0;
    char state[64], directory[64], node[] = "node";
    char **environment = environment_for_node(2, &kept);
    char **command = calloc((size_t)count + 3, sizeof *command);
    int error = ENOMEM;
    if (environment && command) {
        snprintf(state, sizeof state, "SECCOMP_SPOOF_STATE=%d", state_fd);
        environment[kept++] = state;
        if (directory_fd >= 0) {
            snprintf(directory, sizeof directory, "SECCOMP_SPOOF_CWD_FD=%d", directory_fd);
            environment[kept++] = directory;
        }
        command[0] = node;
        command[1] = script;
        memcpy(command + 2, arguments, (size_t)count * sizeof *command);
        execvpe(node, command, environment);
        error = errno;
    }
    free(environment);
    free(command);
    if (error == ENOENT)
        return fail(failure, 0, "node is not in PATH; install Node.js 20 or newer");
    return fail(failure, error, "cannot start node");
}

int verb_enter(int count, char **arguments) {
    struct failure failure = {0};
    int words = 1;
    while (words < count && strcmp(arguments[words], "--") != 0)
        words++;
    if (words >= count) {
        fail(&failure, 0, "enter: usage: enter NODE_SCRIPT WORD... -- ARGUMENT...");
        complain(&failure);
        return STATUS_OUR_FAULT;
    }
    char **variables = environ;
    if (words > 1) {
        char **decoded = environ_decode(arguments + 1, words - 1);
        variables = decoded ? decoded : environ;
    }
    char **command = arguments + words + 1;
    int state_fd = state_record(command, variables, &failure);
    if (state_fd >= 0) {
        struct state_view view;
        if (state_read(state_fd, &view, &failure) == 0)
            become_node(arguments[0], command, count - words - 1, state_fd, view.state->directory,
                        &failure);
    }
    complain(&failure);
    return STATUS_OUR_FAULT;
}
