/* parent.c - the process that was started, and stays: to whoever started it, it is the command.
 * Rule: what the guardian says was true when it said it; a stop that a SIGCONT has overtaken is
 * none. It holds nothing of the command: no stream, directory or terminal. */
#include "parent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../process/ending.h"
#include "../process/fd_passing.h"
#include "../process/place.h"
#include "../process/proctitle.h"
#include "family.h"
#include "parent_signals.h"

/* What execve(2) keeps, and fork(2) does not. */
static struct {
    int subreaper, death_signal;
    struct itimerval timers[3];
} kept;

static void note_kept(void) {
    prctl(PR_GET_CHILD_SUBREAPER, &kept.subreaper);
    prctl(PR_GET_PDEATHSIG, &kept.death_signal);
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
        getitimer((__itimer_which_t)which, &kept.timers[which]);
}

static void stop_timers(void) {
    const struct itimerval none = {{0, 0}, {0, 0}};
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
        setitimer((__itimer_which_t)which, &none, NULL);
}

void parent_restore(enum mechanism_kind mechanism) {
    if (kept.subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
        setitimer((__itimer_which_t)which, &kept.timers[which], NULL);
    /* Without who answers, all that is stopped would fail with ENOSYS. A tracer's end ends all. */
    int signal = mechanism == MECHANISM_NOTIFY ? SIGKILL : kept.death_signal;
    if (signal != 0)
        prctl(PR_SET_PDEATHSIG, signal);
}

/* ---- the command stops, goes on, ends ---- */

/* Has more been told meanwhile? */
static bool is_told(int news) {
    struct pollfd told = {.fd = news, .events = POLLIN};
    return poll(&told, 1, 0) == 1;
}

/* Stops as the command has. A SIGCONT takes a pending stop away; one that came before that is told
 * of already. */
static void stop_like(int number, int news) {
    const struct timespec at_once = {0, 0};
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, number);
    signal(number, SIG_DFL);
    family_set_stopping(true);
    kill(getpid(), number);
    witness_stops(number);
    if (is_told(news)) {
        sigtimedwait(&stop, NULL, &at_once);
    } else {
        sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it stops */
        sigprocmask(SIG_BLOCK, &stop, NULL);
    }
    witness_settle(number);
    family_set_stopping(false);
}

static _Noreturn void end_as(int status) {
    witness_end();
    _exit(end_like(status));
}

static int wait_for(pid_t child) {
    int status = 0;
    pid_t ended;
    do
        ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    return ended == child ? status : -1;
}

/* The guardian has gone without a word: before the command ran, or killed, and with it the command,
 * which is our child now, for we are a subreaper. One that has changed its user has lost the signal
 * that comes with its parent's end (PR_SET_PDEATHSIG(2const)). */
static _Noreturn void end_without_guardian(pid_t guardian, pid_t command) {
    int of_guardian = wait_for(guardian);
    siginfo_t info = {0};
    if (command > 0 && waitid(P_PID, (id_t)command, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        kill(command, SIGKILL); /* a child of ours: nobody else has its number */
    int of_command = command > 0 ? wait_for(command) : -1;
    end_as(of_command >= 0 ? of_command : of_guardian);
}

/* ---- the loop ---- */

static void heed_news(int news, pid_t guardian, pid_t command) {
    struct family_news heard = {0};
    ssize_t got = take_message(news, &heard, sizeof heard);
    if (got != sizeof heard)
        end_without_guardian(guardian, command);
    if (heard.kind == FAMILY_STOPPED)
        stop_like(heard.status, news);
    if (heard.kind != FAMILY_ENDED)
        return;
    /* What it used counts for us, if the guardian ends too: time(1) */
    if (heard.is_last)
        wait_for(guardian);
    end_as(heard.status);
}

/* Nothing that is the command's stays open here: a pipe would never end. */
static int hold_nothing(int news) {
    int null = open_nothing();
    int high = fcntl(news, F_DUPFD_CLOEXEC, 4);
    for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
        place_descriptor(null, fd);
    bool left = chdir("/") == 0; /* its directory, too */
    (void)left;
    if (high < 0 || place_descriptor(high, 3) != 0)
        return news; /* that it hears counts for more */
    if (syscall(K_NR_CLOSE_RANGE, 4, ~0U, 0) != 0)
        for (int fd = 4; fd < 65536; fd++)
            close(fd);
    return 3;
}

/* The lowest of those that are pending. */
static void relay_next(const struct relay *relay, const sigset_t *signals) {
    sigset_t pending;
    int number = 1;
    if (sigpending(&pending) != 0)
        return;
    while (number < NSIG && !(sigismember(&pending, number) && sigismember(signals, number)))
        number++;
    if (number < NSIG)
        relay_signal(relay, number);
}

static _Noreturn void stay(int news, pid_t guardian) {
    struct family_news begun = {0};
    int command = -1;
    sigset_t continuation, others;
    sigemptyset(&continuation);
    sigaddset(&continuation, SIGCONT);
    sigfillset(&others);
    sigdelset(&others, SIGCONT);
    stop_timers();
    proctitle_set("spoof-parent", "seccomp-spoof: parent");
    news = hold_nothing(news);
    if (take_descriptor(news, &begun, sizeof begun, &command) != 0)
        end_without_guardian(guardian, 0);
    const struct relay relay = {.command = begun.status, .handle = command, .guardian = guardian};
    witness_begin(&relay);
    if (pass_byte(news, 'r') != 0) {
        close(news); /* nor does the guardian wait for it any longer */
        end_without_guardian(guardian, begun.status);
    }
    struct pollfd watched[] = {
        {.fd = news, .events = POLLIN},
        {.fd = signalfd(-1, &continuation, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN},
        {.fd = signalfd(-1, &others, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN},
    };
    for (;;) {
        if (poll(watched, 3, -1) < 0)
            continue;
        if (watched[0].revents) {
            heed_news(news, guardian, begun.status);
        } else if (watched[1].revents) {
            family_set_continuing(true); /* before it is taken: then it is pending no more */
            relay_next(&relay, &continuation);
            family_set_continuing(false);
        } else {
            relay_next(&relay, &others);
        }
    }
}

/* The guardian's process; returns in the command's. */
static int begin_guardian(const struct guardian_setup *setup, int parent, struct failure *failure) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return fail(failure, errno, "cannot make a socket for the guardian");
    pid_t command = family_fork(parent);
    if (command < 0)
        return fail(failure, errno, "the command could not be forked");
    close(sockets[command == 0 ? 1 : 0]);
    if (command > 0)
        guardian_run(setup, sockets[1], parent);
    close(parent);
    return sockets[0];
}

int parent_stay(const struct guardian_setup *setup, struct failure *failure) {
    int sockets[2];
    note_kept();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return fail(failure, errno, "cannot make a socket for the guardian");
    int error = family_open_words();
    if (error != 0)
        return fail(failure, -error, "no memory to share with the guardian");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t guardian = fork();
    if (guardian < 0)
        return fail(failure, errno, "the guardian could not be started");
    if (guardian > 0) {
        close(sockets[1]);
        stay(sockets[0], guardian);
    }
    close(sockets[0]);
    return begin_guardian(setup, sockets[1], failure);
}
