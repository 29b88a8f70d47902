/*
 * The first process of a pod: holds its namespaces, and reaps what has lost its parent there.
 * Rule: it does nothing until it is asked to end, and then ends at once.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

int main(void) {
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGTERM);
    /* As the first process of a pid namespace it would not even be ended by what is not blocked. */
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    for (;;) {
        if (sigwaitinfo(&awaited, NULL) != SIGCHLD) return 0;
        while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    }
}
