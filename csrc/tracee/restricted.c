/* restricted.c - who has made landlock_restrict_self(2), and who descends from them.
 * Rule: in doubt a program is restricted; one that is older than the first restriction is not. */
#include "restricted.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "credentials.h"
#include "proc_text.h"
#include "server.h"
#include "stopped_call.h"

#define MOST_ANCESTORS 4096

struct process {
    pid_t pid, parent;
    uint64_t start; /* clock ticks since the boot */
};

/* proc_pid_stat(5): fields 4 and 22; the second may hold anything, in brackets. */
static bool read_process(int proc, pid_t pid, struct process *process) {
    char text[2048];
    const char *field =
        proc_text_of(proc, pid, "stat", text, sizeof text) > 0 ? strrchr(text, ')') : NULL;
    process->pid = pid;
    for (int number = 3; field && number <= 22; number++) {
        field = strchr(field + 1, ' ');
        if (field && number == 4)
            process->parent = (pid_t)strtol(field, NULL, 10);
        if (field && number == 22)
            process->start = strtoull(field, NULL, 10);
    }
    return field != NULL;
}

static long status_number(const char *status, const char *field) {
    const char *found = proc_status_field(status, field);
    return found ? strtol(found, NULL, 10) : -1;
}

/* Could it be the new parent of an orphan of the tree? So is the first process of a pid namespace,
 * and whoever is not of the tree: then it has one filter less than all of it, and not our tracer.
 */
static bool is_reaper(int proc, const struct process *process) {
    char status[8192], own[8192];
    if (proc_text_of(proc, process->pid, "status", status, sizeof status) <= 0 ||
        proc_text_of(proc, getpid(), "status", own, sizeof own) <= 0)
        return true;
    const char *inner = proc_status_field(status, "\nNSpid:");
    long filters = status_number(status, "\nSeccomp_filters:");
    bool of_tree = status_number(status, "\nTracerPid:") == getpid() ||
                   (filters >= 0 && filters > status_number(own, "\nSeccomp_filters:"));
    return !of_tree || process->pid == 1 || (inner && credentials_last_number(inner) == 1);
}

static uint64_t ticks_now(void) {
    struct timespec now;
    const uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * ticks + (uint64_t)now.tv_nsec * ticks / 1000000000U;
}

static pid_t process_of(int proc, pid_t tid) {
    char status[8192];
    if (proc_text_of(proc, tid, "status", status, sizeof status) <= 0)
        return 0;
    return (pid_t)status_number(status, "\nTgid:");
}

static bool is_noted(const struct programs *programs, const struct process *process) {
    for (uint32_t i = 0; i < programs->count && i < RESTRICTED_MAX; i++)
        if (programs->program[i].process == process->pid &&
            programs->program[i].start == process->start)
            return true;
    return programs->count > RESTRICTED_MAX;
}

static void note(int proc, pid_t pid, struct programs *programs) {
    struct process process = {0};
    bool known = read_process(proc, pid, &process);
    if (known && is_noted(programs, &process))
        return;
    uint32_t place = programs->count;
    if (known && place < RESTRICTED_MAX) {
        programs->program[place].process = process.pid;
        programs->program[place].start = process.start;
    }
    programs->count = known && place < RESTRICTED_MAX ? place + 1 : RESTRICTED_MAX + 1;
}

/* Whoever is restricted has it (1), or its ancestor that did it had CAP_SYS_ADMIN. */
static bool has_no_new_privileges(const struct stopped_call *call) {
    char status[8192];
    return proc_text_of(call->server->context->proc, call->tid, "status", status, sizeof status) <=
               0 ||
           status_number(status, "\nNoNewPrivs:") != 0;
}

void restricted_note(struct stopped_call *call) {
    const int proc = call->server->context->proc;
    struct restricted *restricted = call->server->context->restricted;
    struct process process = {0};
    uint64_t never = 0;
    if (!restricted)
        return;
    const pid_t pid = process_of(proc, call->tid);
    note(proc, pid, &restricted->restricted);
    read_process(proc, pid, &process);
    note(proc, process.parent, &restricted->parents);
    if (!has_no_new_privileges(call))
        restricted->privileged = true;
    atomic_compare_exchange_strong(&restricted->since, &never, ticks_now());
}

void restricted_note_reaper(struct stopped_call *call) {
    struct restricted *restricted = call->server->context->restricted;
    const int proc = call->server->context->proc;
    if (restricted)
        note(proc, process_of(proc, call->tid), &restricted->reapers);
}

bool restricted_may_be(struct stopped_call *call) {
    const struct context *context = call->server->context;
    const struct restricted *restricted = context->restricted;
    if (!restricted || restricted->since == 0)
        return false;
    pid_t pid = process_of(context->proc, call->tid);
    for (int generation = 0; generation < MOST_ANCESTORS && pid > 0; generation++) {
        struct process process = {0};
        if (!read_process(context->proc, pid, &process))
            return true;
        /* Not its own child, but one that a restricted child of it has given it (CLONE_PARENT)? */
        if (generation > 0 && is_noted(&restricted->parents, &process) &&
            (restricted->privileged || has_no_new_privileges(call)))
            return true;
        if (process.start < restricted->since) {
            /* Nobody above is restricted; but its child may be of others. */
            bool adopts = generation > 0 && (is_noted(&restricted->reapers, &process) ||
                                             is_reaper(context->proc, &process));
            return adopts || is_noted(&restricted->restricted, &process);
        }
        if (is_noted(&restricted->restricted, &process))
            return true;
        pid = process.parent;
    }
    return true;
}
