/* family.c - what the guardian does as the parent of the command.
 * Rule: orphans below the command stay below the guardian, which is their subreaper: only so may it
 * read them. Each end, stop and continuation of the command is told to the parent, in their order.
 */
#include "family.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../process/again.h"
#include "../process/fd_passing.h"
#include "../process/group.h"
#include "../tracee/proc_text.h"
#include "segment.h"

static struct {
    pid_t parent, command; /* 0: it has ended */
    bool is_stopped;
    struct {
        _Atomic bool stopping;   /* the parent is about to stop, or stopped */
        _Atomic bool continuing; /* it has a SIGCONT that it may pass on */
    } * shared;
    int children; /* signalfd */
} family;

bool family_is_ours(void) {
    return family.parent != 0;
}

int family_open_words(void) {
    void *words = mmap(NULL, sizeof *family.shared, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (words == MAP_FAILED)
        return -errno;
    family.shared = words;
    return 0;
}

void family_set_stopping(bool stopping) {
    family.shared->stopping = stopping;
}

void family_set_continuing(bool continuing) {
    family.shared->continuing = continuing;
}

/* ---- telling ---- */

static void tell(enum family_change kind, int status, bool is_last) {
    const struct family_news news = {.kind = kind, .status = status, .is_last = is_last};
    unsigned tries = 0;
    while (send(DESCRIPTOR_PARENT, &news, sizeof news, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
           error_passes(errno) && again_after_pause(tries))
        tries++;
}

static void signal_parent(int signal) {
    if (getppid() == family.parent)
        kill(family.parent, signal);
}

/* ---- who is stopped ---- */

struct standing {
    bool is_known, is_stopped;
    uint64_t pending; /* signals, bit N-1: signal N; gVisor does not say */
};

static bool has_pending(const struct standing *standing, int signal) {
    return standing->pending & 1ULL << (signal - 1);
}

static struct standing read_standing(pid_t pid) {
    char name[16];
    struct status_value values[] = {{.name = "State:\t"}, {.name = "SigPnd:"}, {.name = "ShdPnd:"}};
    const char *state = values[0].text, *of_process = values[2].text;
    snprintf(name, sizeof name, "%d", pid);
    proc_status_values(name, values, sizeof values / sizeof *values);
    return (struct standing){
        /* One that is traced stands still at each of its stops: only its signals tell which it is.
         */
        .is_known = *state && (*state != 't' || *of_process),
        .is_stopped = *state == 'T' || *state == 't',
        .pending = strtoull(values[1].text, NULL, 16) | strtoull(of_process, NULL, 16),
    };
}

/* Is the parent stopped by SIGSTOP, or about to be? `unknown` if nobody says. */
static bool parent_stops(bool unknown) {
    const struct standing first = read_standing(family.parent);
    if (!first.is_known || first.is_stopped || has_pending(&first, SIGSTOP))
        return first.is_known || unknown;
    /* Its state was read first: the signal may have been taken between the two. */
    return read_standing(family.parent).is_stopped;
}

/* The same of the command, and by any signal; asked after the parent, of what came later. */
static bool command_stops(bool unknown) {
    group_wait_for_senders();
    const struct standing command = read_standing(family.command);
    if (!command.is_known)
        return unknown;
    return (command.is_stopped && !has_pending(&command, SIGCONT)) ||
           has_pending(&command, SIGSTOP);
}

/* Is there more to hear of it than what we speak of? Then that is over. */
static bool command_has_changed(void) {
    const int changes = WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT | __WALL;
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)family.command, &info, changes) != 0 || info.si_pid != 0;
}

/* Has the parent the command's SIGSTOP already, as it was sent to their group? Then it is stopped,
 * or a SIGCONT has come since: for the group, and the command goes on, too, or for the parent,
 * which passes it on. Another SIGSTOP would stop it twice. But the SIGCONT that it has may also be
 * the one before this stop: that is known once it has been passed on. */
static bool parent_has_stop(void) {
    for (unsigned tries = 0;; tries++) {
        group_wait_for_senders();
        if (parent_stops(false))
            return true;
        const struct standing parent = read_standing(family.parent);
        const bool goes_on = has_pending(&parent, SIGCONT) || family.shared->continuing;
        if (!command_stops(true) || command_has_changed())
            return true;
        if (!goes_on || !again_after_pause(tries))
            return goes_on;
    }
}

/* ---- the command's changes ---- */

void family_note_continued(pid_t pid) {
    if (pid != family.command)
        return;
    /* First: then a stop that is still to come is none. */
    if (family.is_stopped)
        tell(FAMILY_CONTINUED, 0, false);
    family.is_stopped = false;
    /* Who goes on already needs no signal, which could undo the next stop; nor does who has stopped
     * again, and the command with it. */
    if ((family.shared->stopping || parent_stops(true)) && !command_stops(false))
        signal_parent(SIGCONT);
}

/* SIGSTOP cannot be held back until all is told; but who sends both knows their order. */
void family_note_stop(pid_t pid, int signal) {
    if (pid != family.command)
        return;
    family_note_continued(pid); /* who stops again went on, though wait(2) has not told */
    family.is_stopped = true;
    if (signal != SIGSTOP)
        tell(FAMILY_STOPPED, signal, false);
    else if (!parent_has_stop())
        signal_parent(SIGSTOP);
}

static bool is_alone(void) {
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0 && errno == ECHILD;
}

void family_note(pid_t pid, int status) {
    if (pid != family.command || pid == 0)
        return;
    if (WIFSTOPPED(status)) {
        family_note_stop(pid, WSTOPSIG(status));
    } else if (WIFCONTINUED(status)) {
        family_note_continued(pid);
    } else {
        family.command = 0;
        tell(FAMILY_ENDED, status, is_alone());
        if (family.is_stopped)
            signal_parent(SIGCONT); /* it was killed */
    }
}

/* ---- waiting ---- */

int family_open(void) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    family.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return family.children;
}

void family_reap(void) {
    struct signalfd_siginfo signals[8];
    int status;
    pid_t pid;
    ssize_t got = read(family.children, signals, sizeof signals);
    (void)got; /* they only say that there is something to look for */
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
        family_note(pid, status);
}

void family_wait(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WUNTRACED | WCONTINUED)) > 0 || errno == EINTR)
        if (pid > 0)
            family_note(pid, status);
}

/* ---- */

pid_t family_fork(int parent) {
    family.parent = getppid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t command = fork();
    if (command <= 0)
        return command;
    family.command = command;
    const struct family_news begun = {.kind = FAMILY_BEGUN, .status = command};
    int handle = (int)syscall(K_NR_PIDFD_OPEN, command, 0);
    /* Without it signals go by the process id. */
    bool told = pass_descriptor(parent, &begun, sizeof begun, handle) == 0 ||
                pass_descriptor(parent, &begun, sizeof begun, -1) == 0;
    if (handle >= 0)
        close(handle);
    if (!told) { /* the parent would wait for ever, and so would we */
        kill(command, SIGKILL);
        return -1;
    }
    /* Who hears of a signal before the witness is there could not tell for whom it was: the command
     * waits for us, and we for the parent. If it has died the socket is closed. */
    char ready;
    ssize_t got = take_message(parent, &ready, sizeof ready);
    (void)got;
    setsid(); /* the terminal and its signals are not for us */
    return command;
}
