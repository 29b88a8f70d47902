/* trace.c - tries ptrace in throw-away children: one makes a call that is stopped, its
 * sibling traces it and answers. Rule: only an event that was really seen counts; whatever happens
 * ends within the time limit. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "../process/fd_passing.h"
#include "child.h"
#include "probe.h"

struct trace_trial {
    const uint8_t *policy;
    bool every_call;
};

static volatile sig_atomic_t signalled;

static void note_signal(int number) {
    signalled = number;
}

/* The tracer sends one while this process is stopped. All else stays blocked. */
static void expect_signal(void) {
    const struct sigaction action = {.sa_handler = note_signal};
    sigset_t expected;
    sigemptyset(&expected);
    sigaddset(&expected, SIGURG);
    sigaction(SIGURG, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &expected, NULL);
}

static enum stage be_tracee(void *argument, int socket) {
    const struct trace_trial *trial = argument;
    pid_t tracer = 0;
    const pid_t own = getpid();
    struct k_statfs info = {0};
    if (recv(socket, &tracer, sizeof tracer, 0) != sizeof tracer)
        return STAGE_SEIZE;
    prctl(PR_SET_PTRACER, tracer);
    expect_signal();
    /* Being stopped for the first time may interrupt the wait (gVisor). */
    if (send(socket, &own, sizeof own, MSG_NOSIGNAL) != sizeof own || !await_byte(socket, 's'))
        return STAGE_SEIZE;
    if (!trial->every_call &&
        trace_install(blob_header(trial->policy)->calls | SPOOF_CALLS_STATFS) != 0)
        return STAGE_INSTALL;
    syscall(NUMBER_STATFS, "", &info); /* ENOENT: shows the order of its stops */
    if (syscall(NUMBER_STATFS, PROBE_PATH, &info) != 0)
        return STAGE_NO_EVENT;
    if (info.f_type != PROBE_TYPE)
        return STAGE_WRONG;
    return signalled ? STAGE_DONE : STAGE_LATE_SIGNAL;
}

/* Answers the call if it is the one that we wait for. */
static bool answer(pid_t tid) {
    struct trace_stop stop;
    if (trace_stop_read(tid, &stop) != 0)
        return false;
    struct stopped_call call = trace_call(tid, &stop);
    return call.number == NUMBER_STATFS && probe_answer(&call) == STAGE_DONE &&
           kill(tid, SIGURG) == 0;
}

/* Is it the end of the call that must fail? */
static bool has_ended(pid_t tid) {
    struct registers registers;
    return registers_get(tid, &registers) == 0 && registers_result(&registers) == -ENOENT;
}

/* Stops at RET_TRACE: the first call is let run to its end, the second one is answered. */
static enum stage trace_filtered(pid_t tracee) {
    bool first = true, answered = false, seccomp_first = false;
    int status = 0;
    while (waitpid(tracee, &status, __WALL) == tracee && WIFSTOPPED(status)) {
        bool call_stop = WSTOPSIG(status) == (SIGTRAP | 0x80);
        bool event = status >> 16 == PTRACE_EVENT_SECCOMP;
        int signal = status >> 16 == 0 && !call_stop ? WSTOPSIG(status) : 0;
        bool to_end = event && first;
        if (event && !first && !answered)
            answered = answer(tracee);
        if (call_stop && !has_ended(tracee))
            to_end = seccomp_first = true;
        first = first && !event;
        ptrace(to_end ? PTRACE_SYSCALL : PTRACE_CONT, tracee, NULL, (void *)(long)signal);
    }
    if (!answered)
        return STAGE_ANSWER;
    return seccomp_first ? STAGE_SECCOMP_FIRST : STAGE_DONE;
}

static enum stage trace_every_call(pid_t tracee) {
    bool answered = false;
    int status = 0;
    while (waitpid(tracee, &status, __WALL) == tracee && WIFSTOPPED(status)) {
        bool event = WSTOPSIG(status) == (SIGTRAP | 0x80);
        if (event && !answered)
            answered = answer(tracee);
        int signal = status >> 16 == 0 && !event ? WSTOPSIG(status) : 0;
        ptrace(PTRACE_SYSCALL, tracee, NULL, (void *)(long)signal);
    }
    return answered ? STAGE_DONE : STAGE_ANSWER;
}

static enum stage be_tracer(void *argument, int socket) {
    bool every_call = ((const struct trace_trial *)argument)->every_call;
    const pid_t own = getpid();
    pid_t tracee = 0;
    if (send(socket, &own, sizeof own, MSG_NOSIGNAL) != sizeof own ||
        recv(socket, &tracee, sizeof tracee, 0) != sizeof tracee)
        return STAGE_SEIZE;
    if (trace_seize(tracee, every_call) != 0 || send(socket, "s", 1, MSG_NOSIGNAL) != 1)
        return STAGE_SEIZE;
    return every_call ? trace_every_call(tracee) : trace_filtered(tracee);
}

static const char *explanation(int tracee, int tracer) {
    if (tracer == STAGE_SEIZE || tracee == STAGE_SEIZE)
        return "programs cannot be traced from a process that is not their ancestor (another "
               "tracer, Yama's ptrace_scope, or missing CAP_SYS_PTRACE)";
    if (tracee == STAGE_INSTALL)
        return "the filter cannot be installed";
    if (tracee == STAGE_NO_EVENT)
        return "a stopped call was not reported to its tracer (another filter above hides it, or "
               "the kernel has no RET_TRACE)";
    if (tracee == STAGE_WRONG)
        return "a stopped call came back with a wrong answer";
    return "the probe did not end in time";
}

void probe_trace(const uint8_t *policy, bool every_call, struct probe_result *result) {
    struct trace_trial trial = {policy, every_call};
    int stages[2];
    memset(result, 0, sizeof *result);
    int error = probe_children(be_tracee, be_tracer, &trial, stages);
    if (error != 0) {
        snprintf(result->why, sizeof result->why, "no socket pair: %s", strerror(-error));
        return;
    }
    int tracee = stages[0], tracer = stages[1];
    result->late_signals = tracee == STAGE_LATE_SIGNAL;
    result->seccomp_first = tracer == STAGE_SECCOMP_FIRST;
    result->works = (tracee == STAGE_DONE || result->late_signals) &&
                    (tracer == STAGE_DONE || result->seccomp_first);
    snprintf(result->why, sizeof result->why, "%s",
             result->works ? "a stopped call was reported, read, answered and checked"
                           : explanation(tracee, tracer));
}
