/* ending.c - ends as another process has ended. Rule: our parent sees the same as theirs; the core
 * dump is the other's. */
#include "ending.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int end_like(int status) {
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    const int number = WTERMSIG(status);
    const struct rlimit none = {0, 0};
    sigset_t end;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
    sigemptyset(&end);
    sigaddset(&end, number);
    signal(number, SIG_DFL);
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &end, NULL);
    return 128 + number;
}
