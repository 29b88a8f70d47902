/* trace.c - tries ptrace in throw-away children: one makes a call that is stopped, its
 * sibling traces it and answers. Rule: only an event that was really seen counts; whatever happens
 * ends within the time limit. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../mechanism/inject.h"
#include "../mechanism/own_calls.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "../process/fd_passing.h"
#include "child.h"
#include "probe.h"
#include "refusal.h"

struct trace_probe {
    const uint8_t *policy;
    bool every_call;
    int seize_error, install_error;
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
    struct trace_probe *probe = argument;
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
    if (!probe->every_call)
        probe->install_error =
            -trace_install(blob_header(probe->policy)->calls | SPOOF_CALLS_STATFS, 0);
    if (probe->install_error != 0)
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

/* The same at the begin of a call, which a filter above has not seen yet: the call then fails, as
 * the tracer has it fail, and returns what was answered. */
static bool answer_at_end(pid_t tid, struct injection **injection) {
    struct trace_stop stop;
    if (!own_calls_meet_filters())
        return answer(tid);
    if (trace_stop_read(tid, &stop) != 0)
        return false;
    struct stopped_call call = trace_call(tid, &stop);
    if (call.number != NUMBER_STATFS || probe_write(&call) != STAGE_DONE || trace_flush(&call) != 0)
        return false;
    *injection = inject_answer(tid, &stop, 0);
    return *injection && kill(tid, SIGURG) == 0;
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
        bool call_stop = WSTOPSIG(status) == K_CALL_STOP;
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
    struct injection *injection = NULL;
    bool answered = false;
    int status = 0;
    while (waitpid(tracee, &status, __WALL) == tracee && WIFSTOPPED(status)) {
        bool event = WSTOPSIG(status) == K_CALL_STOP;
        if (event && injection) {
            inject_end(NULL, NULL, tracee, injection);
            injection = NULL;
        } else if (event && !answered) {
            answered = answer_at_end(tracee, &injection);
        }
        int signal = status >> 16 == 0 && !event ? WSTOPSIG(status) : 0;
        ptrace(PTRACE_SYSCALL, tracee, NULL, (void *)(long)signal);
    }
    return answered ? STAGE_DONE : STAGE_ANSWER;
}

static enum stage be_tracer(void *argument, int socket) {
    struct trace_probe *probe = argument;
    const bool every_call = probe->every_call;
    const pid_t own = getpid();
    pid_t tracee = 0;
    if (send(socket, &own, sizeof own, MSG_NOSIGNAL) != sizeof own ||
        recv(socket, &tracee, sizeof tracee, 0) != sizeof tracee)
        return STAGE_SEIZE;
    probe->seize_error = -trace_seize(tracee, every_call);
    if (probe->seize_error != 0 || send(socket, "s", 1, MSG_NOSIGNAL) != 1)
        return STAGE_SEIZE;
    return every_call ? trace_every_call(tracee) : trace_filtered(tracee);
}

static const char *explanation(int tracee, int tracer) {
    if (tracer == STAGE_SEIZE || tracee == STAGE_SEIZE)
        return refusal_by_yama("programs cannot be traced (another tracer, a security module, or "
                               "missing CAP_SYS_PTRACE)");
    if (tracee == STAGE_INSTALL)
        return "the filter cannot be installed";
    if (tracee == STAGE_NO_EVENT)
        return "a stopped call was not reported to its tracer (another filter above hides it, or "
               "the kernel has no RET_TRACE)";
    if (tracee == STAGE_WRONG)
        return "a stopped call came back with a wrong answer";
    return "the probe did not end in time";
}

/* A profile above. Yama and missing rights say EPERM too: only another error, or a profile, tells.
 */
static bool explain_refusal(const struct trace_probe *probe, struct probe_result *result) {
    int error = probe->install_error ? probe->install_error : probe->seize_error;
    const char *call = probe->install_error ? "seccomp(2)" : "ptrace(2)";
    bool refused = error == ENOSYS || error == EPERM || error == EACCES;
    return refused && (probe->install_error || refusal_by_profile()) &&
           refusal_explain(error, call, result->why, sizeof result->why);
}

void probe_trace(const uint8_t *policy, bool every_call, enum probe_form form,
                 struct probe_result *result) {
    static const struct probe_pair pair = {.server = be_tracer, .tracee = be_tracee};
    struct probe_stages stages;
    struct trace_probe *shared = probe_begin(sizeof *shared, result);
    if (!shared)
        return;
    shared->policy = policy;
    shared->every_call = every_call;
    int error = probe_children(&pair, form, shared, &stages);
    const struct trace_probe probe = *shared;
    munmap(shared, sizeof *shared);
    if (error != 0) {
        snprintf(result->why, sizeof result->why, "no socket pair: %s", strerror(-error));
        return;
    }
    const int tracee = stages.tracee, tracer = stages.server;
    result->late_signals = tracee == STAGE_LATE_SIGNAL;
    result->seccomp_first = tracer == STAGE_SECCOMP_FIRST;
    result->works = (tracee == STAGE_DONE || result->late_signals) &&
                    (tracer == STAGE_DONE || result->seccomp_first);
    result->refused = tracer == STAGE_SEIZE || tracee == STAGE_SEIZE;
    if (!result->works && explain_refusal(&probe, result))
        return;
    snprintf(result->why, sizeof result->why, "%s",
             result->works ? "a stopped call was reported, read, answered and checked"
                           : explanation(tracee, tracer));
}
