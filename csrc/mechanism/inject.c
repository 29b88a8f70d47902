/* inject.c - calls that a traced program makes for us, in place of one of its own.
 * Rule: no memory that the program knows of is written. A file is named by the path that it asked
 * for, which is how the file is known again (calls/injected.c). Only the tracer calls this. */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../calls/injected.h"
#include "../content/snapshot.h"
#include "../content/store.h"
#include "../tracee/descriptor.h"
#include "../tracee/identity.h"
#include "../tracee/stopped_call.h"
#include "../tracee/rights.h"

#define ROOM 4096UL /* TRACEE_PATH_MAX */

/* Calls that we have a program make. */
struct own_calls {
    int32_t make, set_flags, close, map, unmap;
};

/* Their numbers in an ABI, or NULL. */
static const struct own_calls *calls_of(uint32_t arch) {
    static const struct own_calls own = {NUMBER_MEMFD_CREATE, NUMBER_FCNTL, NUMBER_CLOSE,
                                         NUMBER_MMAP, NUMBER_MUNMAP};
#ifdef ARCH_COMPAT_AUDIT
    static const struct own_calls compat = {COMPAT_NUMBER_MEMFD_CREATE, COMPAT_NUMBER_FCNTL,
                                            COMPAT_NUMBER_CLOSE, COMPAT_NUMBER_MMAP2,
                                            COMPAT_NUMBER_MUNMAP};
    if (arch == ARCH_COMPAT_AUDIT)
        return &compat;
#endif
    return arch == ARCH_AUDIT ? &own : NULL;
}

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

static bool begin_making(pid_t tid, struct injection *injection, struct stopped_call *call,
                         const struct known_call *known, uint32_t fd_flags) {
    const struct own_calls *calls = calls_of(call->arch);
    const uint64_t sealing = injection->delivery == DELIVER_SEALED ? K_MFD_ALLOW_SEALING : 0;
    const uint64_t arguments[] = {name_address(call, known),
                                  sealing | (fd_flags & O_CLOEXEC ? K_MFD_CLOEXEC : 0)};
    injection->step = INJECTION_MAKE;
    return arguments[0] != 0 &&
           registers_replace_call(tid, &injection->before, calls->make, arguments, 2) == 0;
}

static bool begin_mapping(pid_t tid, struct injection *injection) {
    const struct own_calls *calls = calls_of(injection->before.arch);
    const uint64_t arguments[] = {
        0, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint32_t)-1, 0};
    injection->step = INJECTION_MAP;
    return registers_replace_call(tid, &injection->before, calls->map, arguments, 6) == 0;
}

struct injection *inject_begin(pid_t tid, const struct trace_stop *stop,
                               const struct verdict *verdict) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    const struct known_call *known = known_call(call.arch, call.number);
    struct injection *injection = malloc(sizeof *injection);
    bool replaces = verdict->decision == DECISION_REPLACE_PATH;
    if (!injection) {
        if (replaces)
            free(verdict->path);
        else
            close(verdict->fd);
        return NULL;
    }
    *injection = (struct injection){
        .before = stop->registers,
        .fd = replaces ? -1 : verdict->fd,
        .path = replaces ? verdict->path : NULL,
        .delivery = verdict->delivery,
        .rule = verdict->rule,
        .filesystem = verdict->filesystem,
        .closed = verdict->closed,
    };
    if (known && calls_of(call.arch) &&
        (replaces ? begin_mapping(tid, injection)
                  : begin_making(tid, injection, &call, known, verdict->fd_flags)))
        return injection;
    inject_forget(injection);
    return NULL;
}

/* ---- from call to call ---- */

/* No handler may run with our registers. */
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
    if (injected == INJECTED_FAILED && injection->closed)
        result = CLOSED_ERROR;
    if (injected == INJECTED_DONE || injection->closed)
        registers_finish_call(tid, &injection->before, result);
    else
        registers_repeat_call(tid, &injection->before);
    release_signals(tid, injection);
    inject_forget(injection);
    return injected;
}

/* ---- a file of its own ---- */

/* May the program change files of this owner anyway? */
static bool may_be_its_own(struct stopped_call *call, uid_t owner) {
    int error;
    identify(call->server, call->tid);
    if (server_in_own_namespaces(call->server) && credentials_search_all(call->tid))
        return true; /* and its status takes long to read */
    const struct credentials *credentials = identity_credentials(call, &error);
    return credentials && credentials->fsuid == owner;
}

/* The number is a claim: another thread may have put another file there. What is written, and given
 * away, has to be in memory, empty, and the program's own already, so that it gains nothing.
 */
static bool is_made_by(struct stopped_call *call, int fd) {
    const struct context *context = call->server->context;
    char name[TRACEE_PATH_MAX];
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size != 0 ||
        !may_be_its_own(call, info.st_uid))
        return false;
    const struct file_id id = {.major = major(info.st_dev), .minor = minor(info.st_dev)};
    if (context->memory_known)
        return context_has_in_memory(context, &id);
    return descriptor_own_name(context->proc, fd, name, sizeof name) > 0 &&
           snapshot_path(name) != NULL;
}

/* The file that the program has made becomes what it is to read. */
static bool fill(struct server *server, const uint8_t *policy, pid_t tid,
                 const struct injection *injection) {
    char entry[32];
    struct trace_stop stop = {.registers = injection->before};
    struct stopped_call call = trace_call(tid, &stop);
    call.server = server;
    snprintf(entry, sizeof entry, "fd/%d", (int)injection->result);
    /* Only its owner may open and change it. */
    rights_must_own_user(server);
    int made = descriptor_of_entry(server->context, tid, entry);
    int fd = made >= 0 && is_made_by(&call, made) ? open_again(made, O_RDWR) : -1;
    if (made >= 0)
        close(made);
    bool filled =
        fd >= 0 && snapshot_copy(injection->fd, fd, injection->delivery != DELIVER_SEALED) == 0;
    rights_must_usual(server);
    if (filled)
        injected_note(fd, injection->filesystem);
    if (filled && injection->delivery == DELIVER_KEPT)
        store_replace(policy, injection->rule, fd);
    else if (fd >= 0)
        close(fd);
    return filled;
}

static bool is_true_error(int64_t result) {
    return result == -EMFILE || result == -ENFILE || result == -ENOMEM;
}

static enum injected on_made(struct server *server, const uint8_t *policy, pid_t tid,
                             struct injection *injection, int64_t made) {
    const struct own_calls *calls = calls_of(injection->before.arch);
    const uint64_t status = (uint64_t)(fcntl(injection->fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
    const uint64_t arguments[] = {(uint64_t)made, F_SETFL, status};
    injection->result = made;
    if (made < 0)
        return end(tid, injection, is_true_error(made) ? INJECTED_DONE : INJECTED_FAILED, made);
    if (!fill(server, policy, tid, injection))
        return next_call(tid, injection, INJECTION_CLOSE, calls->close, arguments, 1);
    if (status != 0)
        return next_call(tid, injection, INJECTION_SET_FLAGS, calls->set_flags, arguments, 3);
    return end(tid, injection, INJECTED_DONE, made);
}

/* ---- another path ---- */

/* The room is there: the call follows, as the program has made it but for the path. */
static enum injected on_mapped(pid_t tid, struct injection *injection, int64_t room) {
    struct trace_stop stop = {.registers = injection->before};
    struct stopped_call call = trace_call(tid, &stop);
    const struct known_call *known = known_call(call.arch, call.number);
    /* An address may look like a negative number; errors are the last page. */
    if (room < 0 && room >= -4095)
        return end(tid, injection, INJECTED_FAILED, 0);
    injection->room = call.arch == ARCH_AUDIT ? (uint64_t)room : (uint32_t)room;
    if (!known ||
        trace_poke(tid, injection->room, injection->path, strlen(injection->path) + 1) != 0)
        return next_call(tid, injection, INJECTION_CLOSE, calls_of(call.arch)->unmap,
                         (const uint64_t[]){injection->room, ROOM}, 2);
    call.arguments[known_call_path(known)] = injection->room;
    return next_call(tid, injection, INJECTION_OPEN, call.number, call.arguments, 6);
}

static enum injected on_opened(pid_t tid, struct injection *injection, int64_t result) {
    const uint64_t arguments[] = {injection->room, ROOM};
    injection->result = result;
    return next_call(tid, injection, INJECTION_UNMAP, calls_of(injection->before.arch)->unmap,
                     arguments, 2);
}

enum injected inject_end(struct server *server, const uint8_t *policy, pid_t tid,
                         struct injection *injection) {
    struct registers now;
    int64_t result = registers_get(tid, &now) == 0 ? registers_result(&now) : -ESRCH;
    switch (injection->step) {
    case INJECTION_MAKE:
        return on_made(server, policy, tid, injection, result);
    case INJECTION_MAP:
        return on_mapped(tid, injection, result);
    case INJECTION_OPEN:
        return on_opened(tid, injection, result);
    case INJECTION_SET_FLAGS:
    case INJECTION_UNMAP:
        return end(tid, injection, INJECTED_DONE, injection->result);
    case INJECTION_CLOSE:
        break;
    }
    return end(tid, injection, INJECTED_FAILED, 0);
}

void inject_forget(struct injection *injection) {
    if (injection->fd >= 0)
        close(injection->fd);
    free(injection->path);
    free(injection);
}
