/* inject.c - opens files in a traced program by a call of its own.
 * Rule: no memory of the program is written; the name of the file is the path that it asked for,
 * which is how the file is known again (content/snapshot.h). Only the tracer calls this. */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../content/snapshot.h"
#include "../supervisor/server.h"

/* Calls that we have a program make. */
struct own_calls {
    int32_t make, set_flags, close;
};

/* Their numbers in an ABI, or NULL. */
static const struct own_calls *calls_of(uint32_t arch) {
    static const struct own_calls own = {NUMBER_MEMFD_CREATE, NUMBER_FCNTL, NUMBER_CLOSE};
#ifdef ARCH_COMPAT_AUDIT
    static const struct own_calls compat = {COMPAT_NUMBER_MEMFD_CREATE, COMPAT_NUMBER_FCNTL,
                                            COMPAT_NUMBER_CLOSE};
    if (arch == ARCH_COMPAT_AUDIT)
        return &compat;
#endif
    return arch == ARCH_AUDIT ? &own : NULL;
}

/* Where a name begins that the kernel takes: the end of the path, if it is longer. */
static uint64_t name_address(struct stopped_call *call, const struct known_call *known) {
    uint64_t address = call->arguments[known->task == TASK_OPEN ? 0 : 1];
    char path[TRACEE_PATH_MAX];
    ssize_t length = tracee_read_path(call, address, path);
    if (length < 0)
        return 0;
    return length > SNAPSHOT_NAME_MAX ? address + (uint64_t)(length - SNAPSHOT_NAME_MAX) : address;
}

struct injection *inject_begin(pid_t tid, const struct trace_stop *stop, int fd,
                               uint32_t fd_flags) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    const struct known_call *known = known_call(call.arch, call.number);
    const struct own_calls *calls = calls_of(call.arch);
    struct injection *injection = malloc(sizeof *injection);
    uint64_t name = known && calls && injection ? name_address(&call, known) : 0;
    const uint64_t arguments[] = {name,
                                  K_MFD_ALLOW_SEALING | (fd_flags & O_CLOEXEC ? K_MFD_CLOEXEC : 0)};
    if (name == 0 ||
        registers_replace_call(tid, &stop->registers, calls->make, arguments, 2) != 0) {
        free(injection);
        close(fd);
        return NULL;
    }
    *injection = (struct injection){.before = stop->registers, .fd = fd};
    return injection;
}

/* The file that the program has made becomes what it is to read. */
static bool fill(struct server *server, pid_t tid, int64_t number, int snapshot) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/fd/%d", tid, (int)number);
    /* Only its owner may open and change it. */
    if (become_self(server) != 0)
        abort(); /* never go on as somebody else */
    int fd = open(name, O_RDWR | O_CLOEXEC);
    bool filled = fd >= 0 && snapshot_copy(snapshot, fd) == 0;
    if (resume_identity(server) != 0)
        abort();
    if (fd >= 0)
        close(fd);
    return filled;
}

static bool is_true_error(int64_t result) {
    return result == -EMFILE || result == -ENFILE || result == -ENOMEM;
}

/* From one call of ours to the next no handler may run: it would be with our registers. */
static void hold_signals(pid_t tid, struct injection *injection) {
    const uint64_t all = ~0ULL;
    if (injection->holds_signals)
        return;
    injection->holds_signals = ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof injection->signals,
                                      &injection->signals) == 0 &&
                               ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof all, &all) == 0;
}

static void release_signals(pid_t tid, const struct injection *injection) {
    if (injection->holds_signals)
        ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof injection->signals, &injection->signals);
}

static enum injected next_call(pid_t tid, struct injection *injection, enum injection_step step,
                               int32_t number, const uint64_t *arguments, int count) {
    hold_signals(tid, injection);
    injection->step = step;
    registers_next_call(tid, &injection->before, number, arguments, count);
    return INJECTED_AGAIN;
}

static enum injected end(pid_t tid, struct injection *injection, enum injected injected,
                         int64_t result) {
    if (injected == INJECTED_DONE)
        registers_finish_call(tid, &injection->before, result);
    else
        registers_repeat_call(tid, &injection->before);
    release_signals(tid, injection);
    inject_forget(injection);
    return injected;
}

/* The program has made its file, or not. */
static enum injected on_made(struct server *server, pid_t tid, struct injection *injection,
                             int64_t made) {
    const struct own_calls *calls = calls_of(injection->before.arch);
    const uint64_t status = (uint64_t)(fcntl(injection->fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
    injection->made = made;
    if (made < 0)
        return end(tid, injection, is_true_error(made) ? INJECTED_DONE : INJECTED_FAILED, made);
    const uint64_t arguments[] = {(uint64_t)made, F_SETFL, status};
    if (!fill(server, tid, made, injection->fd))
        return next_call(tid, injection, INJECTION_CLOSE, calls->close, arguments, 1);
    if (status != 0)
        return next_call(tid, injection, INJECTION_SET_FLAGS, calls->set_flags, arguments, 3);
    return end(tid, injection, INJECTED_DONE, made);
}

enum injected inject_end(struct server *server, pid_t tid, struct injection *injection) {
    struct registers now;
    switch (injection->step) {
    case INJECTION_MAKE:
        return on_made(server, tid, injection,
                       registers_get(tid, &now) == 0 ? registers_result(&now) : -ESRCH);
    case INJECTION_SET_FLAGS:
        return end(tid, injection, INJECTED_DONE, injection->made);
    case INJECTION_CLOSE:
        break;
    }
    return end(tid, injection, INJECTED_FAILED, 0);
}

void inject_forget(struct injection *injection) {
    close(injection->fd);
    free(injection);
}
