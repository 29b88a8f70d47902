/* notify.c - tries user notification in throw-away children: one installs the production filter and
 * makes stopped calls under a storm of signals, its sibling serves them as a worker would.
 * Rule: the process that matters installs nothing; whatever happens ends within the time limit. */
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../mechanism/notify.h"
#include "../policy/blob.h"
#include "../process/fd_passing.h"
#include "child.h"
#include "refusal.h"

#define TIME_LIMIT_MS 5000
#define CALLS 20
#define STORM_US 60
/* Where a call takes longer than that (below strace, on an emulator) it would never end otherwise.
 */
#define STORM_SIGNALS 200

/* What the children find out, in memory that this process shares with them. */
struct notify_probe {
    const uint8_t *policy;
    int install_error;
    bool killable, wake_up, delivers;
};

static void weather_storm(int number) {
    static volatile sig_atomic_t left = STORM_SIGNALS;
    const struct itimerval calm = {{0, 0}, {0, 0}};
    (void)number;
    if (--left == 0)
        setitimer(ITIMER_REAL, &calm, NULL);
}

/* The child that is stopped. */
static enum stage be_tracee(void *argument, int socket) {
    struct notify_probe *probe = argument;
    uint32_t groups = blob_header(probe->policy)->calls | SPOOF_CALLS_STATFS; /* what is tried */
    int listener = notify_install(groups, true, 0);
    probe->killable = listener != -EINVAL;
    if (!probe->killable)
        listener = notify_install(groups, false, 0);
    if (listener < 0) {
        probe->install_error = -listener;
        return STAGE_INSTALL;
    }
    probe->wake_up = notify_wake_synchronously(listener);
    probe->delivers = notify_can_add(listener);
    if (pass_descriptor(socket, "l", 1, listener) != 0 || !await_byte(socket, 's'))
        return STAGE_HAND_OVER;
    close(listener);

    const struct sigaction action = {.sa_handler = weather_storm, .sa_flags = SA_RESTART};
    const struct itimerval storm = {{0, STORM_US}, {0, STORM_US}};
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigaction(SIGALRM, &action, NULL);
    /* Ctrl-C and Ctrl-Z reach this child too, and are for the command: all else stays blocked. */
    sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
    setitimer(ITIMER_REAL, &storm, NULL);
    for (int i = 0; i < CALLS; i++) {
        struct k_statfs info = {0};
        if (syscall(NUMBER_STATFS, PROBE_PATH, &info) != 0 || info.f_type != PROBE_TYPE)
            return STAGE_WRONG;
    }
    return STAGE_DONE;
}

/* The child that answers. */
static enum stage be_server(void *argument, int socket) {
    char byte = 0;
    int listener = -1;
    (void)argument;
    if (take_descriptor(socket, &byte, 1, &listener) != 0 || listener < 0 ||
        send(socket, "s", 1, MSG_NOSIGNAL) != 1)
        return STAGE_HAND_OVER;
    for (;;) {
        /* Before Linux 6.11 the listener hangs up when the other one has been waited for. */
        struct pollfd watched[] = {{.fd = listener, .events = POLLIN}, {.fd = socket}};
        if (poll(watched, 2, TIME_LIMIT_MS) <= 0)
            return STAGE_RECEIVE;
        if (!(watched[0].revents & POLLIN))
            return STAGE_DONE; /* the other one has ended */
        union {
            struct k_seccomp_notif request;
            uint8_t space[256]; /* a later kernel's may be larger */
        } buffer;
        memset(&buffer, 0, sizeof buffer);
        int error = notify_receive(listener, &buffer.request);
        if (error == -ENOENT)
            continue;
        if (error != 0)
            return STAGE_RECEIVE;
        struct notify_stop stop = {.listener = listener};
        struct stopped_call call = notify_call(&stop, &buffer.request);
        enum stage stage = probe_answer(&call);
        if (stage != STAGE_DONE)
            return stage;
    }
}

static void explain_install(struct probe_result *result) {
    switch (result->install_error) {
    case EBUSY:
        snprintf(result->why, sizeof result->why,
                 "a process above already answers system calls by seccomp notification (another "
                 "seccomp-spoof, or a container manager), and the kernel allows only one");
        break;
    case EPERM:
    case EACCES:
    case ENOSYS:
        if (refusal_explain(result->install_error, "seccomp(2)", result->why, sizeof result->why))
            break;
        /* fall through */
    case EINVAL:
        snprintf(result->why, sizeof result->why,
                 "the kernel has no seccomp user notification (gVisor, or Linux before 5.0)");
        break;
    default:
        snprintf(result->why, sizeof result->why, "the filter cannot be installed: %s",
                 strerror(result->install_error));
    }
}

static void explain(struct probe_result *result, const uint8_t *policy,
                    const struct probe_stages *stages) {
    const int tracee = stages->tracee, server = stages->server;
    const char *why = "a stopped call was not answered in time";
    if (result->install_error) {
        explain_install(result);
        return;
    }
    result->refused = server == STAGE_READ || server == STAGE_WRITE;
    if (result->refused)
        why = refusal_by_yama("the memory of a program cannot be read or written (a security "
                              "module, or missing CAP_SYS_PTRACE)");
    else if (server == STAGE_RECEIVE || server == STAGE_ANSWER)
        why = "the listener was installed, but stopped calls cannot be received or answered";
    else if (tracee == STAGE_WRONG)
        why = "a stopped call came back with a wrong answer";
    else if (!result->delivers && (blob_header(policy)->calls & SPOOF_CALLS_OPEN))
        why = "the kernel cannot hand descriptors to a program (Linux before 5.9), and "
              "the policy has rules for files or mount tables";
    else if (tracee == STAGE_DONE && server == STAGE_DONE) {
        result->works = true;
        why = "stopped calls were received, read, answered and checked";
    }
    snprintf(result->why, sizeof result->why, "%s", why);
}

void probe_notify(const uint8_t *policy, enum probe_form form, struct probe_result *result) {
    static const struct probe_pair pair = {.server = be_server, .tracee = be_tracee};
    struct probe_stages stages;
    struct notify_probe *probe = probe_begin(sizeof *probe, result);
    if (!probe)
        return;
    probe->policy = policy;
    int error = probe_children(&pair, form, probe, &stages);
    result->install_error = probe->install_error;
    result->killable = probe->killable;
    result->wake_up = probe->wake_up;
    result->delivers = probe->delivers;
    munmap(probe, sizeof *probe);
    if (error != 0)
        snprintf(result->why, sizeof result->why, "no socket pair: %s", strerror(-error));
    else
        explain(result, policy, &stages);
}
