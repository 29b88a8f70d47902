/* workers.c - starts workers, replaces those that die, and does without one where none can be had.
 * Rule: a call in hand is answered whatever dies. One that could write to a file that a rule names
 * waits for a worker, and fails if none comes: it is never let run unseen. */
#include "workers.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../calls/calls.h"
#include "../mechanism/notify.h"
#include "../process/clock.h"
#include "log.h"
#include "slots.h"

/* A request that crashes two workers is given up. Kills from outside say little about the request
 * that happened to be served, so it takes 64 of them; and next to nothing if the worker had hardly
 * begun, so it takes 64 times as many of those (docs/decisions/0002). */
#define CRASHES_UNTIL_GIVEN_UP 2
#define KILLS_UNTIL_GIVEN_UP 64
#define WEIGHT_OF_SHORT_LIFE 1U
#define WEIGHT_OF_LIFE 64U
#define SHORT_LIFE_US 1000 /* of processor time, which does not grow with the machine's load */
/* Workers that fault before they serve anything: then a while passes before the next one. */
#define BARREN_DEATHS 50
/* Where none can be had: how often one is tried, and how long calls wait for it that must not be
 * let run. */
#define RETRY_MS 100
#define MOST_RETRY_MS 5000
#define PATIENCE_MS 10000
/* How often a worker is looked at, which somebody may have stopped without our being told. */
#define LOOK_MS 1000

static struct {
    const struct worker_setup *setup;
    struct segment *segment;
    int children; /* signalfd: SIGCHLD */
    pid_t worker; /* 0: none can be had */
    unsigned barren_deaths;
    uint64_t stopped_before; /* calls served before the current worker */
    int64_t since, next;     /* without a worker since then; the next one is tried then */
    int64_t retry;
    int64_t next_look;
    uint32_t turns_seen, beats_seen; /* at the last look */
    unsigned stuck;                  /* looks since there was a sign of life */
} workers;

static bool start(void) {
    struct segment *segment = workers.segment;
    workers.stopped_before = segment->counters[COUNTER_STOPPED];
    pid_t pid = fork();
    if (pid == 0) {
        close(workers.children);
        worker_run(workers.setup);
    }
    if (pid < 0)
        return false;
    segment_count(segment, COUNTER_WORKER_STARTS);
    workers.worker = pid;
    workers.stuck = 0;
    log_line(LOG_INFO, "worker started", ",\"worker\":%d,\"starts\":%llu", (int)pid,
             (unsigned long long)segment->counters[COUNTER_WORKER_STARTS]);
    return true;
}

/* ---- requests without a worker ---- */

static bool may_be_let_run(const struct stopped_call *call) {
    return !call_may_write(call, workers.setup->policy);
}

static void give_up(struct slot *slot) {
    struct segment *segment = workers.segment;
    struct notify_stop stop;
    struct stopped_call call = slot_call(slot, &stop);
    segment->root_changed = 1; /* perhaps; who would have looked is gone */
    if (may_be_let_run(&call))
        call.mechanism->let_run(&call);
    else
        call.mechanism->answer(&call, CLOSED_ERROR);
    segment_count(segment, COUNTER_GIVEN_UP);
    atomic_fetch_add(&segment->fallbacks[FALLBACK_DEATHS], 1);
    log_line(LOG_WARN, "request given up", ",\"tid\":%d,\"call\":\"%s\"", call.tid,
             known_call_name(known_call_index(call.arch, call.number)));
    slot_free(segment, slot);
}

/* Whether one more death is one too many for this request. `weight`: 0 for a crash. */
static bool is_too_deadly(struct slot *slot, uint32_t weight) {
    if (weight == 0)
        return atomic_fetch_add(&slot->crashes, 1) + 1 >= CRASHES_UNTIL_GIVEN_UP;
    return atomic_fetch_add(&slot->outside_deaths, weight) + weight >=
           KILLS_UNTIL_GIVEN_UP * WEIGHT_OF_LIFE;
}

/* The requests that the dead worker held: the next one serves them again, but not for ever. */
static void judge_slots(uint32_t weight) {
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        struct slot *slot = &workers.segment->slots[i];
        if (slot_request(slot) == 0)
            slot_free(workers.segment, slot);
        else if (atomic_exchange(&slot->begun, 0) && is_too_deadly(slot, weight))
            give_up(slot);
    }
}

/* Once it has lasted for a while: lets run what may, and for longer, fails the rest. */
static void answer_held(void) {
    int64_t alone = clock_ms(CLOCK_MONOTONIC) - workers.since;
    for (unsigned i = 0; alone >= RETRY_MS && i < SEGMENT_SLOTS; i++) {
        struct slot *slot = &workers.segment->slots[i];
        struct notify_stop stop;
        struct stopped_call call = slot_call(slot, &stop);
        if (slot_request(slot) != 0 && (alone >= PATIENCE_MS || may_be_let_run(&call)))
            give_up(slot);
    }
}

/* NULL: all hold requests. */
static struct slot *free_slot(void) {
    struct slot *slots = workers.segment->slots;
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++)
        if (slot_request(&slots[i]) == 0)
            return &slots[i];
    return NULL;
}

static bool have_calls_in_hand(void) {
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++)
        if (slot_request(&workers.segment->slots[i]) != 0)
            return true;
    return false;
}

static void receive_alone(void) {
    struct slot *slot = free_slot();
    if (!slot)
        return;
    slot->taken = 1; /* the next worker has a thread for it, and for nothing else */
    if (notify_receive(DESCRIPTOR_LISTENER, (void *)slot->request) == 0)
        segment_count(workers.segment, COUNTER_STOPPED);
    else
        slot_free(workers.segment, slot);
}

/* ---- deaths ---- */

static uint32_t weight_of(const struct rusage *usage) {
    long seconds = usage->ru_utime.tv_sec + usage->ru_stime.tv_sec;
    long microseconds = usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
    return seconds == 0 && microseconds < SHORT_LIFE_US ? WEIGHT_OF_SHORT_LIFE : WEIGHT_OF_LIFE;
}

static void try_again(void) {
    bool lives = workers.barren_deaths % BARREN_DEATHS != BARREN_DEATHS - 1 && start();
    if (lives || workers.since != 0)
        return;
    /* Before the command runs the starter can still say that this does not work. */
    if (!workers.segment->serving)
        _exit(1);
    log_line(LOG_WARN, "no worker can be started", ",\"error\":%d", errno);
    workers.retry = RETRY_MS;
    workers.since = clock_ms(CLOCK_MONOTONIC);
    workers.next = workers.since + RETRY_MS;
}

static void on_death(int status, const struct rusage *usage) {
    struct segment *segment = workers.segment;
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    bool not_begun = WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NOT_BEGUN;
    log_line(LOG_WARN, "worker died", ",\"worker\":%d,\"signal\":%d,\"status\":%d",
             (int)workers.worker, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
             WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    bool barren = segment->counters[COUNTER_STOPPED] == workers.stopped_before;
    workers.worker = 0;
    workers.barren_deaths = killed || !barren ? 0 : workers.barren_deaths + 1;
    judge_slots(killed ? weight_of(usage) : not_begun ? WEIGHT_OF_SHORT_LIFE : 0);
    try_again();
}

static void reap(void) {
    struct rusage usage;
    int status;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0)
        if (WIFSTOPPED(status))
            kill(pid, SIGCONT); /* whoever may signal us may do that; nobody waits for it */
        else if (pid == workers.worker)
            on_death(status, &usage);
}

/* One that is frozen, or held by a debugger, is replaced. Signs that it is not: it receives calls
 * that wait; it says so while it has some in hand, which may take long. */
static void look(void) {
    uint32_t turns = workers.segment->turns;
    uint32_t beats = workers.segment->beats;
    bool stuck = (turns == workers.turns_seen && notify_is_waiting(DESCRIPTOR_LISTENER)) ||
                 (beats == workers.beats_seen && have_calls_in_hand());
    workers.stuck = stuck ? workers.stuck + 1 : 0;
    workers.turns_seen = turns;
    workers.beats_seen = beats;
    if (workers.stuck < 2)
        return;
    if (workers.stuck == 2)
        log_line(LOG_WARN, "worker does not go on, another one takes its place", ",\"worker\":%d",
                 (int)workers.worker);
    kill(workers.worker, SIGKILL);
    /* The debugger may keep its end from us, too. */
    if (workers.stuck > 2)
        on_death(SIGKILL, &(struct rusage){.ru_utime = {.tv_sec = 1}});
}

/* ---- */

static void on_time(void) {
    int64_t now = clock_ms(CLOCK_MONOTONIC);
    if (workers.worker != 0) {
        workers.since = 0;
        if (now >= workers.next_look) {
            workers.next_look = now + LOOK_MS;
            look();
        }
        return;
    }
    answer_held();
    if (now < workers.next)
        return;
    workers.barren_deaths = 0;
    workers.retry = workers.retry * 2 < MOST_RETRY_MS ? workers.retry * 2 : MOST_RETRY_MS;
    workers.next = now + workers.retry;
    try_again();
}

void workers_run(const struct worker_setup *setup) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    workers.setup = setup;
    workers.segment = setup->segment;
    workers.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (workers.children < 0)
        _exit(1);
    try_again();
    for (;;) {
        bool alone = workers.worker == 0;
        struct signalfd_siginfo signals[8];
        struct pollfd watched[] = {
            /* POLLHUP: no filtered task is left */
            {.fd = DESCRIPTOR_LISTENER, .events = alone && free_slot() ? POLLIN : 0},
            {.fd = workers.children, .events = POLLIN},
        };
        if (poll(watched, 2, alone ? RETRY_MS : LOOK_MS) < 0)
            continue;
        if (notify_is_over(watched[0].revents) ||
            (watched[1].revents && notify_nobody_is_left(DESCRIPTOR_LISTENER)))
            break;
        if (alone && watched[0].revents & POLLIN)
            receive_alone();
        if (watched[1].revents && read(workers.children, signals, sizeof signals) > 0)
            reap();
        on_time();
    }
    if (workers.worker == 0)
        return;
    kill(workers.worker, SIGKILL);
    /* Not for ever: somebody may hold it. */
    for (int64_t until = clock_ms(CLOCK_MONOTONIC) + LOOK_MS, left;
         (left = until - clock_ms(CLOCK_MONOTONIC)) > 0;) {
        struct pollfd ended = {.fd = workers.children, .events = POLLIN};
        struct signalfd_siginfo signal;
        if (waitpid(workers.worker, NULL, WNOHANG) != 0)
            return;
        if (poll(&ended, 1, (int)left) > 0 && read(ended.fd, &signal, sizeof signal) < 0)
            return;
    }
}
