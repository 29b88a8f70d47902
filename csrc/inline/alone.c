/* alone.c - asks /proc and kcmp(2).
 * Rule: who shares the memory of a program descends from who made it, so it is a process that can
 * be seen here; all of them are compared. While the only one is stopped nobody can become another.
 */
#include "alone.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../arch/kernel.h"
#include "../tracee/proc_text.h"
#include "../tracee/server.h"

#define MOST_PROCESSES 4096
/* As SigCgt tells them: what glibc and musl end threads by, and tell them all of a new user id. */
#define THREAD_SIGNALS (1ULL << (FIRST_THREAD_SIGNAL - 1) | 1ULL << (LAST_THREAD_SIGNAL - 1))

enum { TGID, THREADS, FILTERS, BLOCKED, CAUGHT, TRACER, FIELDS };

static void read_status(const char *tid, struct status_value values[FIELDS]) {
    static const char *const names[FIELDS] = {
        "Tgid:", "Threads:", "Seccomp_filters:", "SigBlk:", "SigCgt:", "TracerPid:"};
    for (int i = 0; i < FIELDS; i++)
        values[i].name = names[i];
    proc_status_values(tid, values, FIELDS);
}

/* Before the tree's own one: ours are those that the starter had. -1: it is not told. */
static long filters_before(void) {
    struct status_value values[FIELDS];
    read_status("self", values);
    return *values[FILTERS].text ? strtol(values[FILTERS].text, NULL, 10) : -1;
}

static bool read_whole(pid_t tid, struct status_value values[FIELDS]) {
    char name[16];
    snprintf(name, sizeof name, "%d", tid);
    read_status(name, values);
    for (int i = 0; i < FIELDS; i++)
        if (!*values[i].text)
            return false;
    return true;
}

/* `before`: filters_before(). */
static enum inline_outcome judge(const struct status_value values[FIELDS], long before) {
    if (before < 0 || strtol(values[FILTERS].text, NULL, 10) != before + 1)
        return INLINE_FILTERED;
    return strtol(values[TRACER].text, NULL, 10) == 0 ? INLINE_NOTHING : INLINE_TRACED;
}

static enum inline_outcome prove_single(pid_t tid, bool never_threads) {
    struct status_value values[FIELDS];
    const long before = filters_before();
    if (!read_whole(tid, values))
        return INLINE_NO_ACCESS;
    if (strtol(values[TGID].text, NULL, 10) != tid || strtol(values[THREADS].text, NULL, 10) != 1)
        return INLINE_NOT_ALONE;
    const enum inline_outcome outcome = judge(values, before);
    return outcome == INLINE_NOTHING && never_threads &&
                   strtoull(values[CAUGHT].text, NULL, 16) & THREAD_SIGNALS
               ? INLINE_CANCELLED
               : outcome;
}

/* Whoever has the memory of a program of the tree has its filter, too. */
static bool has_filter(const char *tid) {
    struct status_value mode = {.name = "Seccomp:"};
    proc_status_values(tid, &mode, 1);
    return strtol(mode.text, NULL, 10) != 0 || !*mode.text;
}

/* A process whose first thread has ended has no memory there, but its other threads may have it. */
static bool has_ended(pid_t pid) {
    char byte;
    const struct iovec local = {&byte, 1}, remote = {NULL, 1};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && errno == ESRCH;
}

static bool same_memory(pid_t one, pid_t other) {
    return syscall(SYS_kcmp, one, other, K_KCMP_VM, 0, 0) == 0;
}

/* Calls `visit` for each thread of a process until it says true. 0: it never did; ESRCH: the
 * process has ended. */
static int each_thread(int proc, pid_t process, bool (*visit)(void *context, pid_t tid),
                       void *context) {
    char name[32];
    bool done = false;
    snprintf(name, sizeof name, "%d/task", process);
    const int fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return fd < 0 && errno == ENOENT ? ESRCH : EBUSY;
    }
    for (const struct dirent *entry; !done && (entry = readdir(directory)) != NULL;)
        done = isdigit((unsigned char)*entry->d_name) && visit(context, atoi(entry->d_name));
    closedir(directory);
    return done ? EBUSY : 0;
}

static bool has_memory_of(void *context, pid_t tid) {
    return same_memory(*(const pid_t *)context, tid);
}

static bool a_thread_has(int proc, pid_t tid, pid_t other) {
    return each_thread(proc, other, has_memory_of, &tid) == EBUSY;
}

static enum inline_outcome compare(int proc, pid_t tid, const char *other) {
    const long result = syscall(SYS_kcmp, tid, atoi(other), K_KCMP_VM, 0, 0);
    if (result == 0 ||
        (result > 0 && has_ended(atoi(other)) && a_thread_has(proc, tid, atoi(other))))
        return INLINE_NOT_ALONE;
    if (result > 0 || errno == ESRCH)
        return INLINE_NOTHING;
    if (errno != EPERM)
        return INLINE_NO_ACCESS;
    /* Without privilege another user's: nobody of the tree could become one, under no_new_privs. */
    return geteuid() != 0 || !has_filter(other) ? INLINE_NOTHING : INLINE_NO_ACCESS;
}

/* What a profile refuses says nothing of who is compared. */
static bool can_compare(void) {
    return syscall(SYS_kcmp, getpid(), getpid(), K_KCMP_VM, 0, 0) == 0;
}

/* `process`: of the thread, which is not compared. */
static enum inline_outcome prove_unshared(int proc, pid_t tid, pid_t process) {
    if (!can_compare())
        return INLINE_NO_ACCESS;
    const int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    enum inline_outcome outcome = INLINE_NOTHING;
    int count = 0;
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return INLINE_NO_ACCESS;
    }
    for (const struct dirent *entry;
         outcome == INLINE_NOTHING && (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (!isdigit((unsigned char)*name) || atoi(name) == process)
            continue;
        outcome = ++count > MOST_PROCESSES ? INLINE_TOO_MANY : compare(proc, tid, name);
    }
    closedir(directory);
    return outcome;
}

enum inline_outcome alone_prove(const struct stopped_call *call, bool never_threads) {
    const enum inline_outcome outcome = prove_single(call->tid, never_threads);
    return outcome == INLINE_NOTHING
               ? prove_unshared(call->server->context->proc, call->tid, call->tid)
               : outcome;
}

/* ---- with threads ---- */

pid_t alone_process(const struct stopped_call *call, uint64_t *blocked) {
    struct status_value values[FIELDS];
    if (!read_whole(call->tid, values))
        return 0;
    *blocked = strtoull(values[BLOCKED].text, NULL, 16);
    return (pid_t)strtol(values[TGID].text, NULL, 10);
}

struct judged {
    long before;
    enum inline_outcome outcome;
};

/* One that has ended meanwhile says nothing, and has no filter any more. */
static bool is_unfit(void *context, pid_t tid) {
    struct judged *judged = context;
    struct status_value values[FIELDS];
    if (read_whole(tid, values))
        judged->outcome = judge(values, judged->before);
    return judged->outcome != INLINE_NOTHING;
}

enum inline_outcome alone_prove_process(const struct stopped_call *call, pid_t process) {
    struct judged judged = {filters_before(), INLINE_NOTHING};
    const int proc = call->server->context->proc;
    if (each_thread(proc, process, is_unfit, &judged) != 0)
        return judged.outcome != INLINE_NOTHING ? judged.outcome : INLINE_NO_ACCESS;
    return prove_unshared(proc, call->tid, process);
}
