/* injection.c - the steps that all injections have in common.
 * Rule: between two calls of ours no handler of the program runs; a file is named by the path that
 * the program asked for, in its own memory. */
#include "injection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../arch/kernel.h"
#include "../content/results.h"
#include "../content/snapshot.h"
#include "../process/again.h"
#include "../tracee/stopped_call.h"
#include "own_calls.h"
#include "trace.h"

struct injection *injection_new(const struct trace_stop *stop, enum injection_step step) {
    struct injection *injection = NULL;
    for (int tries = 0; tries < TRIES_AT_ONCE && !injection; tries++)
        injection = calloc(1, sizeof *injection);
    if (!injection)
        return NULL;
    injection->before = stop->registers;
    injection->fd = -1;
    injection->step = step;
    return injection;
}

bool injection_is_large(int fd) {
    struct stat info;
    return fd >= 0 && fstat(fd, &info) == 0 && (size_t)info.st_size >= RESULTS_FROM;
}

bool injection_has_failed_truly(int64_t result) {
    return result == -EMFILE || result == -ENFILE || result == -ENOMEM;
}

void injection_forget(struct injection *injection) {
    if (injection->fd >= 0)
        close(injection->fd);
    free(injection->path);
    free(injection);
}

/* ---- from call to call ---- */

/* No handler may run with our registers. */
static void hold_signals(pid_t tid, struct injection *injection) {
    const uint64_t all = ~0ULL;
    if (injection->holds_signals || registers_are_replaced(tid))
        return;
    injection->holds_signals = ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof injection->signals,
                                      &injection->signals) == 0 &&
                               ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof all, &all) == 0;
}

static void release_signals(pid_t tid, const struct injection *injection) {
    if (injection->holds_signals)
        ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof injection->signals, &injection->signals);
}

enum injected injection_next(pid_t tid, struct injection *injection, enum injection_step step,
                             int32_t number, const uint64_t *arguments, int count) {
    hold_signals(tid, injection);
    injection->step = step;
    injection->number = number;
    injection->count = count;
    memcpy(injection->arguments, arguments, (size_t)count * sizeof *arguments);
    return injection_again(tid, injection);
}

enum injected injection_again(pid_t tid, struct injection *injection) {
    return registers_next_call(tid, &injection->before, injection->number, injection->arguments,
                               injection->count) == 0
               ? INJECTED_AGAIN
               : INJECTED_GONE;
}

bool injection_is_interrupted(int64_t result) {
    return result == -K_ERESTARTSYS || result == -K_ERESTARTNOINTR || result == -K_ERESTARTNOHAND ||
           result == -K_ERESTART_RESTARTBLOCK;
}

enum injected injection_finish(pid_t tid, struct injection *injection, enum injected injected,
                               int64_t result) {
    if (registers_are_replaced(tid))
        return INJECTED_GONE;
    if (injection->suspends)
        trace_suspend_filters(tid, false);
    if (injected == INJECTED_FAILED && injection->closed)
        result = CLOSED_ERROR;
    if (injected == INJECTED_DONE || injection->closed)
        registers_finish_call(tid, &injection->before, result);
    else
        registers_repeat_call(tid, &injection->before);
    release_signals(tid, injection);
    injection_forget(injection);
    return injected;
}

/* ---- a file of its own ---- */

/* Where a name begins that the kernel takes: the end of the path, if it is longer. 0: unreadable.
 */
static uint64_t name_address(struct stopped_call *call, const struct known_call *known) {
    uint64_t address = call->arguments[known_call_path(known)];
    char path[TRACEE_PATH_MAX];
    ssize_t length = tracee_read_path(call, address, path);
    if (length < 0)
        return 0;
    return length > SNAPSHOT_NAME_MAX ? address + (uint64_t)(length - SNAPSHOT_NAME_MAX) : address;
}

int injection_make_arguments(struct stopped_call *call, const struct injection *injection,
                             uint64_t arguments[2]) {
    const uint64_t sealing = injection->delivery == DELIVER_SEALED ? K_MFD_ALLOW_SEALING : 0;
    arguments[0] = name_address(call, known_call(call->arch, call->number));
    arguments[1] = sealing | (injection->fd_flags & O_CLOEXEC ? K_MFD_CLOEXEC : 0);
    return arguments[0] != 0 ? 0 : -EFAULT;
}

enum injected injection_make(pid_t tid, struct injection *injection) {
    struct trace_stop stop = {.registers = injection->before};
    struct stopped_call call = trace_call(tid, &stop);
    uint64_t arguments[2];
    if (injection_make_arguments(&call, injection, arguments) != 0)
        return injection_finish(tid, injection, INJECTED_FAILED, 0);
    return injection_next(tid, injection, INJECTION_MAKE, own_calls_of(call.arch)->make, arguments,
                          2);
}
