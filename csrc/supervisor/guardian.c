/* guardian.c - keeps the listener alive, replaces workers, ends when the last filtered task is
 * gone. Rule: it makes no call that depends on a tracee or on a filesystem of one, so that nothing
 * in the wrapped tree can stop it; and it holds nothing of the command: no stream, directory or
 * terminal. */
#include "guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../arch/call_table.h"
#include "../content/store.h"
#include "../mechanism/notify.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "delivery.h"
#include "../process/limits.h"
#include "log.h"
#include "../process/fd_passing.h"
#include "segment.h"
#include "slots.h"
#include "../process/proctitle.h"
#include "tracer.h"
#include "worker.h"

#define LEAST_DESCRIPTORS 4096
/* A request that crashes two workers is given up. Kills from outside say little about the request
 * that happened to be served, so it takes 64 of them; and next to nothing if the worker had hardly
 * begun, so it takes 64 times as many of those (docs/decisions/0002). */
#define CRASHES_UNTIL_GIVEN_UP 2
#define KILLS_UNTIL_GIVEN_UP 64
#define WEIGHT_OF_SHORT_LIFE 1U
#define WEIGHT_OF_LIFE 64U
#define SHORT_LIFE_US 1000 /* of processor time, which does not grow with the machine's load */
/* Workers that fault before they serve anything: then the guardian itself lets every call run. */
#define BARREN_DEATHS 50

struct guardian {
    const struct guardian_setup *setup;
    struct segment *segment;
    struct worker_setup worker_setup;
    pid_t worker;
    unsigned barren_deaths;
    uint64_t stopped_before;  /* calls served before the current worker */
    unsigned first_of_worker; /* descriptors from here on are the worker's */
};

const char *mechanism_name(enum mechanism_kind mechanism) {
    static const char *const names[] = {"notify", "trace", "ptrace"};
    return names[mechanism];
}

/* ---- becoming the guardian ---- */

static void ignore_signals(void) {
    sigset_t none;
    for (int number = 1; number <= 64; number++)
        if (number != SIGCHLD)
            signal(number, SIG_IGN); /* SIGKILL and SIGSTOP refuse; that is all right */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The user's limits are for the command. */
static void lift_limits(void) {
    for (int resource = 0; resource < RLIM_NLIMITS; resource++)
        /* RLIMIT_NOFILE knows no infinity (getrlimit(2)); a few for each thread will do. */
        limit_widen(resource, resource == RLIMIT_NOFILE ? LEAST_DESCRIPTORS : RLIM_INFINITY);
    const struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CORE, &core);
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, text, strlen(text));
    (void)written; /* only root may; without it the OOM killer may take us like anybody */
    close(fd);
}

/* Puts `from` at the fixed number `to`; /dev/null if there is none. */
static void place_descriptor(int from, int to) {
    if (from != to)
        dup2(from >= 0 ? from : STDIN_FILENO, to);
    fcntl(to, F_SETFD, FD_CLOEXEC);
}

static void place_descriptors(int socket, int log_fd) {
    /* High copies first: the fixed numbers may hold what is still needed. */
    int high_socket = fcntl(socket, F_DUPFD_CLOEXEC, 32);
    int high_log = log_fd >= 0 ? fcntl(log_fd, F_DUPFD_CLOEXEC, 32) : -1;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < DESCRIPTOR_LISTENER; fd++)
        place_descriptor(null >= 0 ? null : high_socket, fd);
    place_descriptor(-1, DESCRIPTOR_LISTENER);
    place_descriptor(high_log, DESCRIPTOR_LOG);
    place_descriptor(-1, DESCRIPTOR_WORKER);
    place_descriptor(high_socket, DESCRIPTOR_STARTER);
    place_descriptor(-1, DESCRIPTOR_DELIVERY);
    place_descriptor(-1, DESCRIPTOR_DELIVERY_READ);
    syscall(K_NR_CLOSE_RANGE, DESCRIPTOR_FIRST_OF_WORKER, ~0U, 0);
}

static bool prepare(struct guardian *guardian, int socket) {
    const struct guardian_setup *setup = guardian->setup;
    proctitle_set("spoof-guardian", "seccomp-spoof: guardian");
    ignore_signals();
    lift_limits();
    umask(077);
    if (chdir("/") != 0)
        return false;
    write_file("/proc/self/oom_score_adj", "-1000");
    int fd = setup->segment_fd >= 0 ? setup->segment_fd : segment_create();
    guardian->segment = fd >= 0 ? segment_map(fd, true) : NULL;
    if (!guardian->segment)
        return false;
    if (setup->log_fd >= 0)
        log_open(guardian->segment, setup->policy, setup->log_level);
    place_descriptors(socket, setup->log_fd);
    return true;
}

static bool receive_listener(void) {
    char byte = 0;
    int listener = -1;
    if (take_descriptor(DESCRIPTOR_STARTER, &byte, 1, &listener) != 0 || listener < 0)
        return false; /* the starter ended: the filter could not be installed */
    dup3(listener, DESCRIPTOR_LISTENER, O_CLOEXEC);
    close(listener);
    return true;
}

/* ---- workers ---- */

static bool start_worker(struct guardian *guardian) {
    struct segment *segment = guardian->segment;
    segment_count(segment, COUNTER_WORKER_STARTS);
    guardian->stopped_before = segment->counters[COUNTER_STOPPED];
    /* One descriptor table for both (clone(2), CLONE_FILES), memory of its own. */
    long pid = syscall(SYS_clone, (unsigned long)(CLONE_FILES | SIGCHLD), 0, 0, 0, 0);
    if (pid == 0)
        worker_run(&guardian->worker_setup);
    if (pid < 0)
        return false;
    guardian->worker = (pid_t)pid;
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, pid, 0);
    if (pidfd < 0)
        return false;
    dup3(pidfd, DESCRIPTOR_WORKER, O_CLOEXEC);
    close(pidfd);
    log_line(LOG_INFO, "worker started", ",\"worker\":%d,\"starts\":%llu", (int)pid,
             (unsigned long long)segment->counters[COUNTER_WORKER_STARTS]);
    return true;
}

static void give_up(struct guardian *guardian, struct slot *slot) {
    struct notify_stop stop;
    struct stopped_call call = slot_call(slot, &stop);
    guardian->segment->root_changed = 1; /* perhaps; who would have looked is gone */
    call.mechanism->let_run(&call);
    segment_count(guardian->segment, COUNTER_GIVEN_UP);
    atomic_fetch_add(&guardian->segment->fallbacks[FALLBACK_DEATHS], 1);
    log_line(LOG_WARN, "request given up", ",\"tid\":%d,\"call\":\"%s\"", call.tid,
             known_call_name(known_call_index(call.arch, call.number)));
    slot_free(guardian->segment, slot);
}

/* Whether one more death is one too many for this request. `weight`: 0 for a crash. */
static bool is_too_deadly(struct slot *slot, uint32_t weight) {
    if (weight == 0)
        return atomic_fetch_add(&slot->crashes, 1) + 1 >= CRASHES_UNTIL_GIVEN_UP;
    return atomic_fetch_add(&slot->outside_deaths, weight) + weight >=
           KILLS_UNTIL_GIVEN_UP * WEIGHT_OF_LIFE;
}

/* The requests that the dead worker held: the next one serves them again, but not for ever. */
static void judge_slots(struct guardian *guardian, uint32_t weight) {
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        struct slot *slot = &guardian->segment->slots[i];
        if (atomic_load(&slot->delivery) != DELIVERY_NONE)
            continue; /* a thread of ours is at it */
        if (slot_request(slot) == 0) {
            slot_free(guardian->segment, slot);
            continue;
        }
        if (!atomic_exchange(&slot->begun, 0))
            continue; /* not this request's doing */
        if (is_too_deadly(slot, weight))
            give_up(guardian, slot);
    }
}

/* No worker can be had: every call is let run, so that programs go on. */
static void serve_alone(struct guardian *guardian) {
    struct slot *slot = &guardian->segment->slots[0];
    log_line(LOG_WARN, "no worker can be started, every call is let run", "%s", "");
    for (;;) {
        slot_free(guardian->segment, slot);
        struct pollfd listener = {.fd = DESCRIPTOR_LISTENER, .events = POLLIN};
        if (poll(&listener, 1, -1) < 0)
            continue;
        if (listener.revents & POLLIN &&
            notify_receive(DESCRIPTOR_LISTENER, (void *)slot->request) == 0) {
            segment_count(guardian->segment, COUNTER_STOPPED);
            give_up(guardian, slot);
        } else if (notify_is_over(listener.revents)) {
            return;
        }
    }
}

static uint32_t weight_of(const struct rusage *usage) {
    long seconds = usage->ru_utime.tv_sec + usage->ru_stime.tv_sec;
    long microseconds = usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
    return seconds == 0 && microseconds < SHORT_LIFE_US ? WEIGHT_OF_SHORT_LIFE : WEIGHT_OF_LIFE;
}

/* Reaps the worker and starts the next. False: none can be had. */
static bool replace_worker(struct guardian *guardian) {
    int status = 0;
    struct rusage usage = {0};
    while (wait4(guardian->worker, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    log_line(LOG_WARN, "worker died", ",\"worker\":%d,\"signal\":%d,\"status\":%d",
             (int)guardian->worker, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
             WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    /* What it had open is open still: the table is ours too. */
    delivery_cancel(guardian->segment, guardian->first_of_worker);
    judge_slots(guardian, killed ? weight_of(&usage) : 0);
    bool barren = guardian->segment->counters[COUNTER_STOPPED] == guardian->stopped_before;
    guardian->barren_deaths = killed || !barren ? 0 : guardian->barren_deaths + 1;
    return guardian->barren_deaths < BARREN_DEATHS && start_worker(guardian);
}

static void guard(struct guardian *guardian) {
    bool served = start_worker(guardian);
    while (served) {
        struct pollfd watched[] = {
            {.fd = DESCRIPTOR_LISTENER}, /* POLLHUP: no filtered task is left */
            {.fd = DESCRIPTOR_WORKER, .events = POLLIN},
        };
        if (poll(watched, 2, log_is_open() ? LOG_PERIOD_MS : -1) < 0)
            continue;
        log_events(false);
        if (notify_is_over(watched[0].revents) ||
            (watched[1].revents && notify_nobody_is_left(DESCRIPTOR_LISTENER))) {
            kill(guardian->worker, SIGKILL);
            waitpid(guardian->worker, NULL, 0);
            return;
        }
        if (watched[1].revents)
            served = replace_worker(guardian);
    }
    /* Before the command runs the starter can still say that this does not work. */
    if (!atomic_load(&guardian->segment->serving))
        _exit(1);
    serve_alone(guardian);
}

static void log_start(const struct guardian *guardian) {
    log_line(LOG_INFO, "guardian started", ",\"guardian\":%d,\"mechanism\":\"%s\"", (int)getpid(),
             mechanism_name(guardian->setup->mechanism));
}

static _Noreturn void end(void) {
    log_events(true);
    log_totals();
    _exit(0);
}

static _Noreturn void guard_by_tracing(struct guardian *guardian) {
    const struct guardian_setup *setup = guardian->setup;
    bool every_call = setup->mechanism == MECHANISM_PTRACE;
    const struct tracer_setup tracer = {
        .segment = guardian->segment,
        .policy = setup->policy,
        .every_call = every_call,
        .probe = setup->probe,
    };
    pid_t starter = 0;
    if (recv(DESCRIPTOR_STARTER, &starter, sizeof starter, 0) != sizeof starter)
        _exit(1);
    log_start(guardian);
    int error = trace_seize(starter, every_call);
    if (send(DESCRIPTOR_STARTER, error == 0 ? "s" : "f", 1, MSG_NOSIGNAL) != 1 || error != 0)
        _exit(1);
    place_descriptor(-1, DESCRIPTOR_STARTER);
    tracer_run(&tracer);
    end();
}

/* What programs write into files of ours outlives the worker, and so does who delivers them. */
static bool keep_files(struct guardian *guardian) {
    const uint8_t *policy = guardian->setup->policy;
    int first = store_keep(policy, DESCRIPTOR_FIRST_OF_WORKER);
    if (first < 0)
        return false;
    guardian->first_of_worker = (unsigned)first;
    return delivery_start(guardian->segment) == 0;
}

_Noreturn void guardian_run(const struct guardian_setup *setup, int socket) {
    struct guardian guardian = {.setup = setup, .first_of_worker = DESCRIPTOR_FIRST_OF_WORKER};
    const pid_t own = getpid();
    if (!prepare(&guardian, socket) || store_open(setup->policy) != 0 ||
        send(DESCRIPTOR_STARTER, &own, sizeof own, MSG_NOSIGNAL) != sizeof own)
        _exit(1);
    if (setup->mechanism != MECHANISM_NOTIFY)
        guard_by_tracing(&guardian);
    if (!receive_listener())
        _exit(1);
    notify_wake_synchronously(DESCRIPTOR_LISTENER);
    if ((blob_header(setup->policy)->calls & SPOOF_CALLS_OPEN) && !keep_files(&guardian))
        _exit(1);
    guardian.worker_setup = (struct worker_setup){
        .segment = guardian.segment,
        .policy = setup->policy,
        .guardian = getpid(),
        .stops_root_changes = setup->probe.killable,
    };
    log_start(&guardian);
    guard(&guardian);
    end();
}
