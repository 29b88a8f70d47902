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
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../calls/injected.h"
#include "../content/results.h"
#include "../content/snapshot.h"
#include "../content/store.h"
#include "../tracee/descriptor.h"
#include "../tracee/identity.h"
#include "../tracee/stopped_call.h"
#include "../tracee/rights.h"
#include "copies.h"
#include "inject_entry.h"
#include "own_calls.h"

#define ROOM 4096UL /* TRACEE_PATH_MAX */

/* ---- how a call begins ---- */

/* The call as it is, but for the argument that says what it is about. No program has anything
 * there, so it fails before anything is done: result_of_failing(). */
static bool make_fail(struct stopped_call *call, const struct injection *injection) {
    const struct known_call *known = known_call(call->arch, call->number);
    const uint64_t nowhere = call->arch == ARCH_AUDIT ? UINT64_MAX : UINT32_MAX;
    if (!known)
        return false;
    call->arguments[known_call_path(known)] = nowhere; /* fstatfs: a descriptor */
    return registers_replace_call(call->tid, &injection->before, call->number, call->arguments,
                                  6) == 0;
}

static int result_of_failing(const struct registers *before) {
    const struct known_call *known = known_call(before->arch, registers_number(before));
    return known && known->task == TASK_FSTATFS ? -EBADF : -EFAULT;
}

static const uint64_t mapping_arguments[] = {
    0, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (uint32_t)-1, 0};

/* The first of our calls. */
static bool begin_own_calls(struct injection *injection, struct stopped_call *call) {
    const struct own_calls *calls = own_calls_of(call->arch);
    uint64_t arguments[2];
    injection->step = injection->path ? INJECTION_MAP : INJECTION_MAKE;
    if (injection->path)
        return registers_replace_call(call->tid, &injection->before, calls->map, mapping_arguments,
                                      6) == 0;
    return injection_make_arguments(call, injection, arguments) == 0 &&
           registers_replace_call(call->tid, &injection->before, calls->make, arguments, 2) == 0;
}

static bool begin(struct server *server, struct injection *injection, struct stopped_call *call,
                  int own_filters) {
    const bool forbidden = own_calls_are_forbidden(call->tid, call->arch, own_filters);
    /* At the begin of a call no filter has been asked about it yet. */
    if (!forbidden && (own_filters > 0 || !own_calls_meet_filters_of(call->tid))) {
        injection->may_copy = true;
        /* What a redirect leads to may keep the call waiting, too long for a path below the stack.
         */
        return (!injection->path && inject_begin_entry(server, injection, call)) ||
               begin_own_calls(injection, call);
    }
    injection->suspends = forbidden && trace_may_suspend_filters(call->tid);
    if (forbidden && !injection->suspends)
        return inject_begin_entry(server, injection, call);
    injection->may_copy = true;
    injection->step = INJECTION_FAIL_FIRST;
    return make_fail(call, injection);
}

struct injection *inject_begin(struct server *server, pid_t tid, const struct trace_stop *stop,
                               const struct verdict *verdict, int own_filters) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    struct injection *injection = injection_new(stop, INJECTION_FAIL);
    if (!injection) {
        verdict_release(verdict);
        return NULL;
    }
    if (verdict->decision == DECISION_REPLACE_PATH)
        injection->path = verdict->path;
    else
        injection->fd = verdict->fd;
    injection->fd_flags = verdict->fd_flags;
    injection->delivery = verdict->delivery;
    injection->rule = verdict->rule;
    injection->filesystem = verdict->filesystem;
    injection->closed = verdict->closed;
    if (known_call(call.arch, call.number) && own_calls_of(call.arch) &&
        begin(server, injection, &call, own_filters))
        return injection;
    injection_forget(injection);
    return NULL;
}

struct injection *inject_answer(pid_t tid, const struct trace_stop *stop, int64_t value) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    struct injection *injection = injection_new(stop, INJECTION_FAIL);
    if (!injection)
        return NULL;
    injection->result = value;
    if (make_fail(&call, injection))
        return injection;
    injection_forget(injection);
    return NULL;
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
    struct k_statx info;
    /* Not by fstat(2): it may ask a FUSE server. */
    if (!file_info(fd, &info) || !S_ISREG(info.stx_mode) || info.stx_size != 0 ||
        !may_be_its_own(call, info.stx_uid))
        return false;
    const struct file_id id = {.major = info.stx_dev_major, .minor = info.stx_dev_minor};
    if (context->memory_known)
        return context_has_in_memory(context, &id);
    return descriptor_own_name(context->proc, fd, name, sizeof name) > 0 &&
           snapshot_path(name) != NULL;
}

/* Of a file that the program may not have itself; within bounds. `call`: as it has made it. */
static bool copy(struct stopped_call *call, const struct injection *injection, int fd) {
    const int64_t data = snapshot_data(injection->fd);
    const size_t counted = injection_is_large(injection->fd) ? (size_t)data : 0;
    if (data < 0 || data > SNAPSHOT_COPY_MAX || !results_claim(counted))
        return false;
    if (snapshot_copy(injection->fd, fd, injection->delivery != DELIVER_SEALED) != 0) {
        results_give_back(counted);
        return false;
    }
    if (counted > 0) {
        copies_note(call, injection->fd, fd, (int)injection->result);
        results_keep(fd, counted, 0);
    }
    return true;
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
    bool filled = fd >= 0 && copy(&call, injection, fd);
    rights_must_usual(server);
    if (filled)
        injected_note(fd, injection->filesystem);
    if (filled && injection->delivery == DELIVER_KEPT)
        store_replace(policy, injection->rule, fd);
    else if (fd >= 0)
        close(fd);
    return filled;
}

static enum injected on_made(struct server *server, const uint8_t *policy, pid_t tid,
                             struct injection *injection, int64_t made) {
    const struct own_calls *calls = own_calls_of(injection->before.arch);
    const uint64_t status = (uint64_t)(fcntl(injection->fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
    const uint64_t arguments[] = {(uint64_t)made, F_SETFL, status};
    injection->result = made;
    if (made < 0)
        return injection_finish(tid, injection,
                                injection_has_failed_truly(made) ? INJECTED_DONE : INJECTED_FAILED,
                                made);
    if (!fill(server, policy, tid, injection))
        return injection_next(tid, injection, INJECTION_CLOSE, calls->close, arguments, 1);
    if (status != 0)
        return injection_next(tid, injection, INJECTION_SET_FLAGS, calls->set_flags, arguments, 3);
    return injection_finish(tid, injection, INJECTED_DONE, made);
}

/* ---- another path ---- */

/* The room is there: the call follows, as the program has made it but for the path. */
static enum injected on_mapped(pid_t tid, struct injection *injection, int64_t room) {
    struct trace_stop stop = {.registers = injection->before};
    struct stopped_call call = trace_call(tid, &stop);
    const struct known_call *known = known_call(call.arch, call.number);
    /* An address may look like a negative number; errors are the last page. */
    if (room < 0 && room >= -4095)
        return injection_finish(tid, injection, INJECTED_FAILED, 0);
    injection->room = call.arch == ARCH_AUDIT ? (uint64_t)room : (uint32_t)room;
    if (!known ||
        trace_poke(tid, injection->room, injection->path, strlen(injection->path) + 1) != 0)
        return injection_next(tid, injection, INJECTION_CLOSE, own_calls_of(call.arch)->unmap,
                              (const uint64_t[]){injection->room, ROOM}, 2);
    call.arguments[known_call_path(known)] = injection->room;
    return injection_next(tid, injection, INJECTION_OPEN, call.number, call.arguments, 6);
}

static enum injected on_opened(pid_t tid, struct injection *injection, int64_t result) {
    const uint64_t arguments[] = {injection->room, ROOM};
    injection->result = result;
    return injection_next(tid, injection, INJECTION_UNMAP,
                          own_calls_of(injection->before.arch)->unmap, arguments, 2);
}

/* ---- where a filter of the program's own forbids our calls ---- */

/* The call has failed as it should, unless a filter had its say: then that is the result. */
static enum injected on_failed(struct server *server, pid_t tid, struct injection *injection,
                               int64_t result) {
    const struct own_calls *calls = own_calls_of(injection->before.arch);
    bool fails = result == result_of_failing(&injection->before);
    if (injection->step == INJECTION_FAIL || !fails)
        return injection_finish(tid, injection, INJECTED_DONE, fails ? injection->result : result);
    if (injection->suspends)
        trace_suspend_filters(tid, true);
    if (injection->path)
        return injection_next(tid, injection, INJECTION_MAP, calls->map, mapping_arguments, 6);
    return inject_next_entry(server, tid, injection);
}

enum injected inject_end(struct server *server, const uint8_t *policy, pid_t tid,
                         struct injection *injection) {
    struct registers now;
    int64_t result = registers_get(tid, &now) == 0 ? registers_result(&now) : -ESRCH;
    /* No handler runs now, so it is over when it is made again. Where signals are not held the
     * kernel does with the program's own call what it does with any that is interrupted so. */
    if (injection_is_interrupted(result) && injection->holds_signals)
        return injection_again(tid, injection);
    if (injection_is_interrupted(result)) {
        scratch_take_back(tid, &injection->scratch);
        return injection_finish(tid, injection, INJECTED_DONE, result);
    }
    switch (injection->step) {
    case INJECTION_FAIL:
    case INJECTION_FAIL_FIRST:
        return on_failed(server, tid, injection, result);
    case INJECTION_CLONE:
        scratch_take_back(tid, &injection->scratch);
        return injection_finish(tid, injection, INJECTED_DONE, result);
    case INJECTION_BY_PATH:
        return inject_on_entry(server, tid, injection, result);
    case INJECTION_MAKE:
        return on_made(server, policy, tid, injection, result);
    case INJECTION_MAP:
        return on_mapped(tid, injection, result);
    case INJECTION_OPEN:
        return on_opened(tid, injection, result);
    case INJECTION_SET_FLAGS:
    case INJECTION_UNMAP:
        return injection_finish(tid, injection, INJECTED_DONE, injection->result);
    case INJECTION_CLOSE:
    case INJECTION_ATTACH: /* the supervisor's */
        break;
    }
    return injection_finish(tid, injection, INJECTED_FAILED, 0);
}
