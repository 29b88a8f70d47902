/* parent_signals.c - passes on what is sent to the parent alone, with its value and sender where
 * the kernel lets us. Rule: a signal for a process group (Ctrl-C, kill %1) reaches the command
 * without us; a second one, made by us, would be read as a second Ctrl-C. Nothing tells such a
 * signal from one for us alone, but that another member of the group has got it too. */
#include "parent_signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../process/fd_passing.h"
#include "../process/group.h"
#include "../process/proctitle.h"

#define PATIENCE_MS 20 /* then we see whether the witness has been stopped */
#define LOOKS 250

static struct {
    pid_t pid; /* 0: there is none */
    int socket;
    sigset_t merged; /* their next one has been merged, there, with the last: it is the group's */
} witness;

/* ---- sending ---- */

static int send_to_command(const struct relay *relay, int number, siginfo_t *info) {
    if (relay->handle >= 0)
        return (int)syscall(K_NR_PIDFD_SEND_SIGNAL, relay->handle, number, info, 0);
    return info ? (int)syscall(SYS_rt_sigqueueinfo, relay->command, number, info)
                : kill(relay->command, number);
}

/* ---- the witness ---- */

struct answer {
    int asked; /* the number: what comes too late answers nothing else */
    siginfo_t seen;
};

static bool is_same(const siginfo_t *a, const siginfo_t *b) {
    return a->si_code == b->si_code && a->si_pid == b->si_pid && a->si_uid == b->si_uid;
}

static _Noreturn void bear_witness(const struct relay *relay, int socket) {
    const struct timespec at_once = {0, 0};
    int number = 0;
    proctitle_set("spoof-witness", "seccomp-spoof: witness");
    for (;;) {
        ssize_t got = take_message(socket, &number, sizeof number);
        if (got != sizeof number) { /* the parent was killed, and that was meant for the command */
            send_to_command(relay, SIGKILL, NULL);
            _exit(0);
        }
        struct answer answer = {.asked = number};
        sigset_t asked;
        sigemptyset(&asked);
        sigaddset(&asked, number);
        if (sigtimedwait(&asked, &answer.seen, &at_once) != number)
            answer.seen.si_signo = 0;
        send(socket, &answer, sizeof answer, MSG_NOSIGNAL);
    }
}

void witness_begin(const struct relay *relay) {
    const struct timeval patience = {.tv_usec = PATIENCE_MS * 1000L};
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return;
    setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    pid_t pid = fork();
    if (pid == 0) {
        close(sockets[0]);
        close(3); /* the guardian's news are not for it */
        bear_witness(relay, sockets[1]);
    }
    close(sockets[1]);
    witness.socket = sockets[0];
    witness.pid = pid > 0 ? pid : 0;
}

void witness_end(void) {
    if (witness.pid == 0)
        return;
    kill(witness.pid, SIGKILL);
    waitpid(witness.pid, NULL, 0);
}

/* Of those that a terminal sends: all are for a group. */
static bool is_of_terminal(const siginfo_t *info) {
    switch (info->si_signo) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGWINCH:
        return info->si_code == SI_KERNEL;
    default:
        return false;
    }
}

/* It was stopped with the group, and the parent alone goes on. */
static bool continue_witness(void) {
    const int how = WSTOPPED | WNOHANG | WNOWAIT;
    siginfo_t seen = {0};
    return waitid(P_PID, (id_t)witness.pid, &seen, how) == 0 && seen.si_pid != 0 &&
           kill(witness.pid, SIGCONT) == 0;
}

/* Takes from the witness what it has of a signal (si_signo is 0 where it has none); false if it
 * does not answer. */
static bool ask_witness(int number, siginfo_t *seen) {
    struct answer answer;
    bool continued = false;
    if (witness.pid == 0 ||
        send(witness.socket, &number, sizeof number, MSG_NOSIGNAL) != sizeof number)
        return false;
    for (int looks = 0; looks < LOOKS; looks++) {
        /* A stop may also come to it between the question and the answer. */
        continued = continue_witness() || continued;
        if (recv(witness.socket, &answer, sizeof answer, 0) != sizeof answer ||
            answer.asked != number)
            continue;
        if (continued && number != SIGCONT) {
            siginfo_t ours; /* is not of the group's */
            ask_witness(SIGCONT, &ours);
        }
        *seen = answer.seen;
        return true;
    }
    return false;
}

static bool is_pending(int number) {
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, number) == 1;
}

void witness_settle(int number) {
    siginfo_t seen;
    group_wait_for_senders();
    if (!is_pending(number))
        sigdelset(&witness.merged, number);
    if (!ask_witness(number, &seen) || seen.si_signo != number)
        return;
    group_wait_for_senders();
    if (is_pending(number))
        sigaddset(&witness.merged, number);
}

void witness_stops(int number) {
    siginfo_t seen;
    ask_witness(number, &seen);
    sigdelset(&witness.merged, number);
    witness_settle(SIGCONT);
}

/* They take a pending SIGCONT away, as it does them. */
static bool is_stop(int number) {
    return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

static bool take_own(int number, siginfo_t *info) {
    const struct timespec at_once = {0, 0};
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, number);
    return sigtimedwait(&asked, info, &at_once) == number;
}

static bool is_of_group(const siginfo_t *info, bool answers, const siginfo_t *seen) {
    return answers ? seen->si_signo == info->si_signo && is_same(seen, info) : is_of_terminal(info);
}

/* These are queued, not merged; and what has a value is never for a group. */
static bool take_queued(int number, siginfo_t *info, bool *for_group) {
    siginfo_t seen;
    if (!take_own(number, info))
        return false;
    group_wait_for_senders();
    *for_group = info->si_code >= 0 && is_of_group(info, ask_witness(number, &seen), &seen);
    return true;
}

/* Takes a pending signal; false if there is none any more. `for_group`: it was sent to the whole
 * group. Of one number only one can be pending, here and there, so both must be taken together, and
 * nobody can stop the senders. What came before the first look is known by it. What came since was
 * merged with ours, or is our next one: a look behind tells, if only the group's came since. The
 * witness may have two of them already while the second is still on its way to us. */
static bool take(int number, siginfo_t *info, bool *for_group) {
    siginfo_t seen;
    group_wait_for_senders();
    const bool answers = ask_witness(number, &seen);
    group_wait_for_senders(); /* of what was merged there with what we know */
    if (!take_own(number, info))
        return false;
    *for_group = sigismember(&witness.merged, number) == 1 || is_of_group(info, answers, &seen);
    sigdelset(&witness.merged, number);
    if (answers)
        witness_settle(number);
    if (answers && is_stop(number))
        witness_settle(SIGCONT);
    return true;
}

/* A stop of the terminal or the group that came after it takes a SIGCONT back, here as in the
 * command, and with it what the witness has of it. */
static bool is_taken_back(int number) {
    return number == SIGCONT && (is_pending(SIGTSTP) || is_pending(SIGTTIN) || is_pending(SIGTTOU));
}

void relay_signal(const struct relay *relay, int number) {
    siginfo_t info;
    bool for_group;
    const bool taken = number < SIGRTMIN ? take(number, &info, &for_group)
                                         : take_queued(number, &info, &for_group);
    if (!taken)
        return;
    const bool is_about_child = number == SIGCHLD && info.si_code > 0;
    const bool is_of_guardian = number == SIGCONT && info.si_pid == relay->guardian;
    if (is_about_child || is_of_guardian || for_group || is_taken_back(number))
        return;
    /* Only its own sender may say what the kernel says: kill(2) and the kernel itself. */
    if (info.si_code >= 0 || send_to_command(relay, number, &info) != 0)
        send_to_command(relay, number, NULL);
}
