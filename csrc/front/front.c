/* front.c - the program `seccomp-spoof`: for `exec` it records what Node would change, then becomes
 * Node; for all other verbs it only becomes Node.
 * Rule: nothing is opened or changed before the record is made; no fork, so that nothing is reaped.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "../process/failure.h"
#include "../process/state.h"

extern char **environ;

/* The Node program that lies beside this one. */
static int find_script(char *script, size_t capacity, struct failure *failure) {
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length > 0)
        own[length] = '\0';
    else if (!realpath((const char *)getauxval(AT_EXECFN), own)) /* no /proc */
        return fail(failure, errno, "cannot find the files of seccomp-spoof");
    char *slash = strrchr(own, '/');
    if (!slash)
        return fail(failure, 0, "cannot find the files of seccomp-spoof beside %s", own);
    *slash = '\0';
    if ((size_t)snprintf(script, capacity, "%s/command/cli.js", own) >= capacity)
        return fail(failure, ENAMETOOLONG, "cannot use the files of seccomp-spoof in %s", own);
    return 0;
}

/* NODE_OPTIONS and its like are meant for the command, not for the Node that starts it. */
static bool is_for_node(const char *variable) {
    return strncmp(variable, "NODE_", 5) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_STATE=", 20) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_CWD_FD=", 21) == 0;
}

/* Our environment without that, with room for `more` variables. */
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

static int become_node(char *script, char **arguments, int count, char **environment,
                       struct failure *failure) {
    char node[] = "node";
    char **command = calloc((size_t)count + 3, sizeof *command);
    int error = ENOMEM;
    if (command && environment) {
        command[0] = node;
        command[1] = script;
        memcpy(command + 2, arguments, (size_t)count * sizeof *command);
        execvpe(node, command, environment);
        error = errno;
    }
    free(command);
    if (error == ENOENT)
        return fail(failure, 0, "node is not in PATH; install Node.js 20 or newer");
    return fail(failure, error, "cannot start node");
}

static int exec_verb(char *script, char **arguments, int count, struct failure *failure) {
    char state[64], directory[64];
    size_t kept = 0;
    int directory_fd = -1;
    int fd = state_record(arguments, environ, &directory_fd, failure);
    if (fd < 0)
        return -1;
    char **environment = environment_for_node(2, &kept);
    if (environment) {
        snprintf(state, sizeof state, "SECCOMP_SPOOF_STATE=%d", fd);
        environment[kept++] = state;
        if (directory_fd >= 0) {
            snprintf(directory, sizeof directory, "SECCOMP_SPOOF_CWD_FD=%d", directory_fd);
            environment[kept++] = directory;
        }
    }
    int result = become_node(script, arguments, count, environment, failure);
    free(environment);
    return result;
}

int main(int count, char **arguments) {
    char script[PATH_MAX];
    struct failure failure = {0};
    if (count < 1 || find_script(script, sizeof script, &failure) != 0) {
        complain(&failure);
        return STATUS_OUR_FAULT;
    }
    if (count > 1 && strcmp(arguments[1], "exec") == 0)
        exec_verb(script, arguments + 1, count - 1, &failure);
    else
        become_node(script, arguments + 1, count - 1, environ, &failure);
    complain(&failure);
    return STATUS_OUR_FAULT;
}
