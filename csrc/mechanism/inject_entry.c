/* inject_entry.c - a traced program opens what its tracer holds, by the tracer's entry in /proc, or
 * another path. Rule: with its own call and its own rights; where that fails nothing has changed,
 * and what it has opened is looked at before it counts. */
#include "inject_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../calls/injected.h"
#include "../tracee/identity.h"
#include "../tracee/pidfd_cache.h"
#include "../tracee/stopped_call.h"
#include "copies.h"
#include "trace.h"

/* Does its /proc show us, and has it not been refused there? */
static bool may_open_entries(struct server *server, const struct injection *injection, pid_t tid) {
    identify(server, tid);
    const bool refused = server->known && server->known->refused_entries;
    if (refused && injection->may_copy && !injection_is_large(injection->fd))
        return false;
    return identity_in_own_root(server, tid) == 1;
}

/* If it has another user, or fewer capabilities, a small file is copied without asking again. */
static void note_refusal(struct server *server, pid_t tid, int64_t result) {
    identify(server, tid);
    if (server->known && (result == -EACCES || result == -EPERM || result == -ENOENT))
        server->known->refused_entries = true;
}

/* The program's call, with its own rights, gets another path: that of a redirect's target, or this
 * entry in /proc, which is a link. */
static bool put_path(struct stopped_call *call, struct injection *injection, const char *entry) {
    const struct known_call *known = known_call(call->arch, call->number);
    const char *path = injection->path ? injection->path : entry;
    uint64_t *argument = &call->arguments[known_call_path(known)];
    if (scratch_put(call, &injection->before, path, strlen(path) + 1, &injection->scratch) != 0)
        return false;
    argument[0] = injection->scratch.address;
    if (!injection->path && (known->task == TASK_OPEN || known->task == TASK_OPENAT))
        argument[1] &= ~(uint64_t)O_NOFOLLOW;
    return true;
}

static void entry_of(const struct injection *injection, char entry[64]) {
    snprintf(entry, 64, "/proc/%d/fd/%d", getpid(), injection->fd);
}

/* It opens what we hold, by our entry in /proc, or the file that it is to have. */
bool inject_begin_entry(struct server *server, struct injection *injection,
                        struct stopped_call *call) {
    char entry[64];
    entry_of(injection, entry);
    call->server = server;
    injection->step = INJECTION_BY_PATH;
    if ((!injection->path && !may_open_entries(server, injection, call->tid)) ||
        !put_path(call, injection, entry))
        return false;
    if (registers_replace_call(call->tid, &injection->before, call->number, call->arguments, 6) ==
        0)
        return true;
    scratch_take_back(call->tid, &injection->scratch);
    return false;
}

/* The program's next call opens this entry; or the program makes a copy. */
static enum injected open_next(struct server *server, pid_t tid, struct injection *injection,
                               const char *entry) {
    struct trace_stop stop = {.registers = injection->before};
    struct stopped_call call = trace_call(tid, &stop);
    call.server = server;
    if (!put_path(&call, injection, entry))
        return injection_make(tid, injection);
    return injection_next(tid, injection, INJECTION_BY_PATH, call.number, call.arguments, 6);
}

enum injected inject_next_entry(struct server *server, pid_t tid, struct injection *injection) {
    char entry[64];
    entry_of(injection, entry);
    return may_open_entries(server, injection, tid) ? open_next(server, tid, injection, entry)
                                                    : injection_make(tid, injection);
}

/* Is it the file that we hold that the program has opened? So it is, if we cannot look. */
static bool is_ours(struct server *server, pid_t tid, int fd, int64_t opened) {
    struct stat ours;
    return fstat(fd, &ours) != 0 || copies_may_be(server, tid, (int)opened, &ours);
}

/* The program opens a copy again that it has made before, by its own entry in /proc; or makes one.
 */
static enum injected open_copy(struct server *server, pid_t tid, struct injection *injection) {
    char entry[32];
    int number = -1;
    if (injection->copied.st_ino == 0 && injection->delivery == DELIVER_SEALED)
        number = copies_find(server, tid, injection->fd, &injection->copied);
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", number);
    return number < 0 ? injection_make(tid, injection) : open_next(server, tid, injection, entry);
}

enum injected inject_on_entry(struct server *server, pid_t tid, struct injection *injection,
                              int64_t result) {
    scratch_take_back(tid, &injection->scratch);
    if (injection->path || injection_has_failed_truly(result))
        return injection_finish(tid, injection, INJECTED_DONE, result);
    if (result < 0 && injection->may_copy) {
        if (injection->copied.st_ino == 0)
            note_refusal(server, tid, result);
        return open_copy(server, tid, injection);
    }
    if (injection->copied.st_ino != 0)
        return injection_finish(tid, injection,
                                copies_may_be(server, tid, (int)result, &injection->copied)
                                    ? INJECTED_DONE
                                    : INJECTED_FAILED,
                                result);
    if (result < 0 || !is_ours(server, tid, injection->fd, result))
        return injection_finish(tid, injection, INJECTED_FAILED, 0);
    injected_note(injection->fd, injection->filesystem);
    return injection_finish(tid, injection, INJECTED_DONE, result);
}
