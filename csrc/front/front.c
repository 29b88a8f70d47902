/* front.c - the program `seccomp-spoof`: for `exec` it records what Node would change, then becomes
 * the supervisor, if an earlier start was the same, or Node; for all other verbs only Node.
 * Rule: nothing is opened or changed before the record is made; no fork, so that nothing is reaped.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../process/failure.h"
#include "../process/state.h"
#include "again.h"
#include "environment.h"

extern char **environ;

/* Where the Node program is, seen from this one: in a checkout and where a distribution has put it,
 * or in a package for several machines. */
static const char *const script_places[] = {"/command/cli.js", "/../../command/cli.js"};

/* The Node program that came with this one. */
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
    for (size_t i = 0; i < sizeof script_places / sizeof *script_places; i++) {
        if ((size_t)snprintf(script, capacity, "%s%s", own, script_places[i]) >= capacity)
            return fail(failure, ENAMETOOLONG, "cannot use the files of seccomp-spoof in %s", own);
        if (access(script, F_OK) == 0)
            return 0;
    }
    return fail(failure, 0, "command/cli.js is not beside %s; install or build it again", own);
}

/* What Node would make of SIGPIPE and of closed streams, and a verb has to know. */
#define SIGPIPE_IGNORED "SECCOMP_SPOOF_SIGPIPE_IGNORED"

static bool ignores_sigpipe(void) {
    struct sigaction action;
    return sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Node opens /dev/null for writing on closed streams, and an answer that is lost there is no error.
 * What takes their place here cannot be written to, as a closed one cannot. */
static void fill_closed_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            return; /* Node says what is wrong with this machine */
}

/* NODE_OPTIONS and its like are meant for the command, not for the Node that starts it. */
static bool is_for_node(const char *variable) {
    return strncmp(variable, "NODE_", 5) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_STATE=", 20) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_CWD_FD=", 21) == 0 ||
           strncmp(variable, "SECCOMP_SPOOF_BUILD=", 20) == 0 ||
           strncmp(variable, SIGPIPE_IGNORED "=", sizeof SIGPIPE_IGNORED) == 0;
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

/* systemd's MemoryDenyWriteExecute, PR_SET_MDWE, SELinux: V8 ends with a crash unless it is told.
 */
static bool may_compile(void) {
    const int all = PROT_READ | PROT_WRITE | PROT_EXEC, private = MAP_PRIVATE | MAP_ANONYMOUS;
    const size_t size = 1; /* a page */
    void *once = mmap(NULL, size, all, private, -1, 0);
    void *later = mmap(NULL, size, PROT_READ | PROT_WRITE, private, -1, 0);
    bool may = once != MAP_FAILED && later != MAP_FAILED && mprotect(later, size, all) == 0;
    if (once != MAP_FAILED)
        munmap(once, size);
    if (later != MAP_FAILED)
        munmap(later, size);
    return may;
}

static int become_node(char *script, char **arguments, int count, char **environment,
                       struct failure *failure) {
    char node[] = "node", jitless[] = "--jitless", no_wasm[] = "--no-expose-wasm";
    char **command = calloc((size_t)count + 5, sizeof *command);
    size_t words = 0;
    int error = ENOMEM;
    if (command && environment) {
        command[words++] = node;
        if (!may_compile()) {
            command[words++] = jitless;
            command[words++] = no_wasm;
        }
        command[words++] = script;
        memcpy(command + words, arguments, (size_t)count * sizeof *command);
        execvpe(node, command, environment);
        error = errno;
    }
    free(command);
    if (error == ENOENT)
        return fail(failure, 0, "node is not in PATH; install Node.js 20 or newer");
    return fail(failure, error, "cannot start node");
}

static int exec_verb(char *script, char **arguments, int count, struct failure *failure) {
    char state[64], directory[64], ignored[] = SIGPIPE_IGNORED "=1";
    char stamp[START_STAMP], build[sizeof stamp + 32];
    size_t kept = 0;
    int directory_fd = -1;
    int fd = state_record(arguments, environ, &directory_fd, failure);
    if (fd < 0)
        return -1;
    fill_closed_streams();
    /* Before Node reads it: what it keeps is of this one. */
    const bool stamped = start_stamp(script, stamp);
    if (stamped && directory_fd < 0)
        start_again(script, stamp, arguments, count, fd);
    char **environment = environment_for_node(4, &kept);
    if (environment && stamped) {
        snprintf(build, sizeof build, "SECCOMP_SPOOF_BUILD=%s", stamp);
        environment[kept++] = build;
    }
    if (environment) {
        snprintf(state, sizeof state, "SECCOMP_SPOOF_STATE=%d", fd);
        environment[kept++] = state;
        if (directory_fd >= 0) {
            snprintf(directory, sizeof directory, "SECCOMP_SPOOF_CWD_FD=%d", directory_fd);
            environment[kept++] = directory;
        }
    }
    if (environment && ignores_sigpipe())
        environment[kept++] = ignored;
    int result = become_node(script, arguments, count, environment, failure);
    free(environment);
    return result;
}

static int other_verb(char *script, char **arguments, int count, struct failure *failure) {
    unsetenv(SIGPIPE_IGNORED);
    if (ignores_sigpipe() && setenv(SIGPIPE_IGNORED, "1", 1) != 0)
        return fail(failure, errno, "cannot start node");
    fill_closed_streams();
    return become_node(script, arguments, count, environ, failure);
}

int main(int count, char **arguments) {
    char script[PATH_MAX];
    struct failure failure = {0};
    if (count == 2 && strcmp(arguments[1], PRINT_ENVIRONMENT) == 0)
        return environment_print(STDOUT_FILENO) == 0 ? 0 : 1;
    environment_restore();
    if (count < 1 || find_script(script, sizeof script, &failure) != 0) {
        complain(&failure);
        return STATUS_OUR_FAULT;
    }
    if (count > 1 && strcmp(arguments[1], "exec") == 0)
        exec_verb(script, arguments + 1, count - 1, &failure);
    else
        other_verb(script, arguments + 1, count - 1, &failure);
    complain(&failure);
    return STATUS_OUR_FAULT;
}
