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

#define PATIENCE_S 5 /* somebody may have stopped the witness */

static struct {
    pid_t pid; /* 0: there is none */
    int socket;
} witness;

/* ---- sending ---- */

static int send_to_command(const struct relay *relay, int number, siginfo_t *info) {
    if (relay->handle >= 0)
        return (int)syscall(K_NR_PIDFD_SEND_SIGNAL, relay->handle, number, info, 0);
    return info ? (int)syscall(SYS_rt_sigqueueinfo, relay->command, number, info)
                : kill(relay->command, number);
}

static siginfo_t to_siginfo(const struct signalfd_siginfo *signal) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = (int)signal->ssi_signo;
    info.si_code = signal->ssi_code;
    info.si_pid = (pid_t)signal->ssi_pid;
    info.si_uid = signal->ssi_uid;
    info.si_value.sival_ptr = (void *)(uintptr_t)signal->ssi_ptr; // NOLINT: as the kernel has it
    return info;
}

/* ---- the witness ---- */

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
        siginfo_t seen;
        sigset_t asked;
        memset(&seen, 0, sizeof seen);
        sigemptyset(&asked);
        sigaddset(&asked, number);
        if (sigtimedwait(&asked, &seen, &at_once) != number)
            seen.si_signo = 0;
        send(socket, &seen, sizeof seen, MSG_NOSIGNAL);
    }
}

void witness_begin(const struct relay *relay) {
    const struct timeval patience = {.tv_sec = PATIENCE_S};
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

/* Takes from the witness what it has of a signal; false if it does not answer. */
static bool ask_witness(int number, siginfo_t *seen) {
    while (recv(witness.socket, seen, sizeof *seen, MSG_DONTWAIT) > 0)
        ; /* an answer that came too late */
    return witness.pid != 0 &&
           send(witness.socket, &number, sizeof number, MSG_NOSIGNAL) == sizeof number &&
           recv(witness.socket, seen, sizeof *seen, 0) == sizeof *seen;
}

/* Was it sent to the whole group? */
static bool is_for_group(const siginfo_t *info) {
    siginfo_t seen;
    group_wait_for_senders();
    if (!ask_witness(info->si_signo, &seen))
        return is_of_terminal(info);
    return seen.si_signo == info->si_signo && is_same(&seen, info);
}

/* It was stopped with the group, and the parent alone goes on: then it could not answer. */
static void continue_witness(void) {
    const int how = WSTOPPED | WNOHANG | WNOWAIT;
    siginfo_t seen = {0};
    if (witness.pid != 0 && waitid(P_PID, (id_t)witness.pid, &seen, how) == 0 && seen.si_pid != 0 &&
        kill(witness.pid, SIGCONT) == 0)
        ask_witness(SIGCONT, &seen); /* this one is not of the group's */
}

/* A stop of the terminal or the group that came after it takes a SIGCONT back, here as in the
 * command, and with it what the witness has of it. */
static bool is_taken_back(const siginfo_t *info) {
    sigset_t pending;
    return info->si_signo == SIGCONT && sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTSTP) == 1 || sigismember(&pending, SIGTTIN) == 1 ||
            sigismember(&pending, SIGTTOU) == 1);
}

void relay_signal(const struct relay *relay, const struct signalfd_siginfo *signal) {
    siginfo_t info = to_siginfo(signal);
    const bool is_about_child = info.si_signo == SIGCHLD && info.si_code > 0;
    const bool is_of_guardian = info.si_signo == SIGCONT && info.si_pid == relay->guardian;
    continue_witness();
    if (is_about_child || is_of_guardian || is_for_group(&info) || is_taken_back(&info))
        return;
    /* Only its own sender may say what the kernel says: kill(2) and the kernel itself. */
    if (info.si_code >= 0 || send_to_command(relay, info.si_signo, &info) != 0)
        send_to_command(relay, info.si_signo, NULL);
}
