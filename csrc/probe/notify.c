/* notify.c - tries user notification in throw-away children: one installs the production filter and
 * makes stopped calls under a storm of signals, its sibling serves them as a worker would.
 * Rule: the process that matters installs nothing; whatever happens ends within the time limit. */
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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

#define TIME_LIMIT_MS 5000
#define CALLS 20
#define STORM_US 60
/* Where a call takes longer than that (below strace, on an emulator) it would never end otherwise.
 */
#define STORM_SIGNALS 200
#define PROBE_TYPE 0x5300f5
static const char probe_path[] = "seccomp-spoof/probe";

/* How far the probe came; the exit statuses of its children. */
enum stage {
    STAGE_DONE = 0,
    STAGE_INSTALL = 10,
    STAGE_HAND_OVER,
    STAGE_RECEIVE,
    STAGE_READ,
    STAGE_WRITE,
    STAGE_ANSWER,
    STAGE_WRONG,
};

struct report {
    int32_t error;
    uint8_t killable, wake_up, delivers;
};

static void weather_storm(int number) {
    static volatile sig_atomic_t left = STORM_SIGNALS;
    const struct itimerval calm = {{0, 0}, {0, 0}};
    (void)number;
    if (--left == 0)
        setitimer(ITIMER_REAL, &calm, NULL);
}

/* The child that is stopped. */
static enum stage be_tracee(const uint8_t *policy, int socket) {
    struct report report = {.killable = 1};
    char byte;
    uint32_t groups = blob_header(policy)->calls | SPOOF_CALLS_STATFS; /* that is what is tried */
    int listener = notify_install(groups, true);
    if (listener == -EINVAL) {
        report.killable = 0;
        listener = notify_install(groups, false);
    }
    if (listener < 0) {
        report.error = -listener;
        pass_descriptor(socket, &report, sizeof report, -1);
        return STAGE_INSTALL;
    }
    report.wake_up = notify_wake_synchronously(listener);
    report.delivers = notify_can_deliver(listener);
    if (pass_descriptor(socket, &report, sizeof report, listener) != 0 ||
        recv(socket, &byte, 1, 0) != 1)
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
        if (syscall(NUMBER_STATFS, probe_path, &info) != 0 || info.f_type != PROBE_TYPE)
            return STAGE_WRONG;
    }
    return STAGE_DONE;
}

static enum stage serve_one(const struct stopped_call *received) {
    struct stopped_call call = *received;
    const struct k_statfs info = {.f_type = PROBE_TYPE};
    char path[sizeof probe_path] = {0};
    ssize_t got = call.mechanism->read(&call, call.arguments[0], path, sizeof path);
    if (got != sizeof path || memcmp(path, probe_path, sizeof path) != 0)
        return STAGE_READ;
    if (!call.mechanism->still_stopped(&call))
        return STAGE_DONE; /* interrupted by the storm: it comes again */
    if (call.mechanism->write(&call, call.arguments[1], &info, sizeof info) != 0)
        return STAGE_WRITE;
    int error = call.mechanism->answer(&call, 0);
    return error == 0 || error == -ENOENT ? STAGE_DONE : STAGE_ANSWER;
}

/* The child that answers: no ancestor of the other, as a worker is none of the command. */
static enum stage be_server(int socket, int result_socket) {
    struct report report = {0};
    int listener = -1;
    if (take_descriptor(socket, &report, sizeof report, &listener) != 0)
        return STAGE_HAND_OVER;
    if (write(result_socket, &report, sizeof report) != sizeof report)
        return STAGE_HAND_OVER;
    if (listener < 0)
        return STAGE_INSTALL;
    if (send(socket, "s", 1, MSG_NOSIGNAL) != 1)
        return STAGE_HAND_OVER;
    for (;;) {
        struct pollfd poll_listener = {.fd = listener, .events = POLLIN};
        if (poll(&poll_listener, 1, TIME_LIMIT_MS) <= 0)
            return STAGE_RECEIVE;
        if (!(poll_listener.revents & POLLIN))
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
        enum stage stage = serve_one(&call);
        if (stage != STAGE_DONE)
            return stage;
    }
}

static pid_t child(const uint8_t *policy, int socket, int other, int result_socket, bool server) {
    pid_t pid = probe_child_fork();
    if (pid != 0)
        return pid;
    close(other);
    _exit((int)(server ? be_server(socket, result_socket) : be_tracee(policy, socket)));
}

static void explain_install(struct probe_result *result) {
    switch (result->install_error) {
    case EBUSY:
        snprintf(result->why, sizeof result->why,
                 "a process above already answers system calls by seccomp notification (another "
                 "seccomp-spoof, or a container manager), and the kernel allows only one");
        break;
    case EINVAL:
    case ENOSYS:
        snprintf(result->why, sizeof result->why,
                 "the kernel has no seccomp user notification (gVisor, or Linux before 5.0)");
        break;
    default:
        snprintf(result->why, sizeof result->why, "the filter cannot be installed: %s",
                 strerror(result->install_error));
    }
}

static void explain(struct probe_result *result, const uint8_t *policy, int tracee, int server) {
    const char *why = "a stopped call was not answered in time";
    if (result->install_error) {
        explain_install(result);
        return;
    }
    if (server == STAGE_READ || server == STAGE_WRITE)
        why = "the memory of a program cannot be read or written from a process that is not its "
              "ancestor (Yama's ptrace_scope, or missing CAP_SYS_PTRACE): set "
              "kernel.yama.ptrace_scope to 0, or run as root";
    else if (server == STAGE_RECEIVE || server == STAGE_ANSWER)
        why = "the listener was installed, but stopped calls cannot be received or answered";
    else if (tracee == STAGE_WRONG)
        why = "a stopped call came back with a wrong answer";
    else if (!result->delivers && (blob_header(policy)->calls & SPOOF_CALLS_OPEN))
        why =
            "the kernel cannot hand descriptors to a program in one step (Linux before 5.14), and "
            "the policy has rules for files or mount tables";
    else if (tracee == STAGE_DONE && server == STAGE_DONE) {
        result->works = true;
        why = "stopped calls were received, read, answered and checked";
    }
    snprintf(result->why, sizeof result->why, "%s", why);
}

void probe_notify(const uint8_t *policy, struct probe_result *result) {
    int pair[2], results[2];
    struct report report = {0};
    memset(result, 0, sizeof *result);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, results) != 0) {
        snprintf(result->why, sizeof result->why, "no socket pair: %s", strerror(errno));
        return;
    }
    pid_t server = child(policy, pair[0], pair[1], results[1], true);
    pid_t tracee = child(policy, pair[1], pair[0], -1, false);
    close(pair[0]);
    close(pair[1]);
    close(results[1]);
    int tracee_stage = probe_child_end(tracee);
    int server_stage = probe_child_end(server);
    if (recv(results[0], &report, sizeof report, MSG_DONTWAIT) == sizeof report) {
        result->install_error = report.error;
        result->killable = report.killable;
        result->wake_up = report.wake_up;
        result->delivers = report.delivers;
    }
    close(results[0]);
    explain(result, policy, tracee_stage, server_stage);
}
