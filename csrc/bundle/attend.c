/* attend.c - waits for the command, as src/run/attend.ts does, and ends as it did.
 * Rule: all signals are blocked before there is a child, and taken one by one: none is lost, and
 * none ends this process behind the back of the command. */
#include "attend.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../process/ending.h"
#include "../process/failure.h"
#include "../supervisor/segment.h"
#include "statistics.h"

/* Sent to this process alone, as a rule: the command is to get them too. */
static const int passed_on[] = {SIGHUP, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCONT, 0};
/* From the terminal these reach the whole group: the command decides what they mean. SIGCHLD: it
 * has ended, perhaps. */
static const int left_alone[] = {SIGINT, SIGQUIT, SIGCHLD, 0};

static void add(sigset_t *set, const int *numbers) {
    for (; *numbers; numbers++)
        sigaddset(set, *numbers);
}

static int wait_for(pid_t child, const sigset_t *awaited) {
    int status = 0;
    sigset_t passed;
    sigemptyset(&passed);
    add(&passed, passed_on);
    while (waitpid(child, &status, WNOHANG) == 0) {
        int number = sigwaitinfo(awaited, NULL);
        if (number > 0 && sigismember(&passed, number))
            kill(child, number);
    }
    return status;
}

static void say_statistics(int segment_fd, const struct held *held, bool refused) {
    const struct segment *segment = segment_map(segment_fd, false);
    if (!segment)
        remark("cannot read the statistics: %s", strerror(errno));
    else if (!refused || segment->counters[COUNTER_WORKER_STARTS] > 0) /* it was started */
        statistics_say(segment, held);
}

int attend(int segment, int log, const struct held *held) {
    sigset_t awaited;
    sigemptyset(&awaited);
    add(&awaited, passed_on);
    add(&awaited, left_alone);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    signal(SIGCHLD, SIG_DFL);
    const pid_t child = fork();
    if (child == 0)
        return -1;
    if (child < 0) {
        remark("cannot start another process for --stats: %s", strerror(errno));
        return STATUS_OUR_FAULT;
    }
    if (log >= 0)
        close(log);
    signal(SIGPIPE, SIG_IGN); /* whoever reads standard error may be gone */
    int status = wait_for(child, &awaited);
    say_statistics(segment, held, WIFEXITED(status) && WEXITSTATUS(status) == STATUS_OUR_FAULT);
    return end_like(status);
}
