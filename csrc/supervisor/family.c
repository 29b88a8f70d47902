/* family.c - what the guardian does as the parent of the command.
 * Rule: orphans below the command stay below the guardian, which is their subreaper: only so may it
 * read them. Each end, stop and continuation of the command is told to the parent, in their order.
 */
#include "family.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
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
#include "segment.h"

static struct {
    pid_t parent, command; /* 0: it has ended */
    bool is_stopped;
    bool sent_stop;         /* SIGSTOP, to the parent */
    _Atomic bool *stopping; /* shared: the parent is about to stop, or stopped */
    int children;           /* signalfd */
} family;

bool family_is_ours(void) {
    return family.parent != 0;
}

int family_open_word(void) {
    void *word = mmap(NULL, sizeof *family.stopping, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED)
        return -errno;
    family.stopping = word;
    return 0;
}

void family_set_stopping(bool stopping) {
    *family.stopping = stopping;
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

void family_note_continued(pid_t pid) {
    if (pid != family.command || !family.is_stopped)
        return;
    family.is_stopped = false;
    /* First: then a stop that is still to come is none. Who goes on already needs no signal, which
     * could undo the next stop. */
    tell(FAMILY_CONTINUED, 0, false);
    if (family.sent_stop || *family.stopping)
        signal_parent(SIGCONT);
    family.sent_stop = false;
}

/* SIGSTOP cannot be held back until all is told; but who sends both knows their order. */
void family_note_stop(pid_t pid, int signal) {
    if (pid != family.command)
        return;
    family_note_continued(pid); /* who stops again went on, though wait(2) has not told */
    family.is_stopped = true;
    family.sent_stop = signal == SIGSTOP;
    if (signal == SIGSTOP)
        signal_parent(SIGSTOP);
    else
        tell(FAMILY_STOPPED, signal, false);
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
