/* worker.c - receives stopped calls, serves them, answers them.
 * Rule: it may die at any instruction. A request lies in its slot of the shared segment from the
 * moment the kernel hands it out until its answer is sent, and serving it twice does no harm. */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../calls/calls.h"
#include "../calls/table.h"
#include "../mechanism/notify.h"
#include "../tracee/mounts.h"
#include "server.h"
#include "title.h"

#define STACK_SIZE (256U << 10)

struct worker {
    const struct worker_setup *setup;
    struct surroundings surroundings;
    pthread_mutex_t lock; /* guards the three fields below */
    pthread_cond_t vacancy_announced;
    unsigned waiting;   /* threads that wait for a vacancy */
    unsigned vacancies; /* 1 while nobody receives and a waiting thread has been woken */
    unsigned threads;   /* also the number of slots in use */
    struct server servers[SEGMENT_SLOTS];
};

static struct worker the_worker;

const struct surroundings *server_surroundings(const struct server *server) {
    return &server->worker->surroundings;
}

/* ---- log events ---- */

#define PROGRAM_NAME 64

static void name_program(const struct surroundings *surroundings, pid_t tid,
                         char name[PROGRAM_NAME]) {
    char entry[64], path[4096];
    snprintf(entry, sizeof entry, "%d/exe", tid);
    ssize_t length = readlinkat(surroundings->proc, entry, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(path, '/');
    snprintf(name, PROGRAM_NAME, "%.*s", PROGRAM_NAME - 1, slash ? slash + 1 : path);
}

static void log_event(const struct server *server, const struct stopped_call *call,
                      const struct verdict *verdict, enum event_kind kind) {
    struct segment *segment = server->worker->setup->segment;
    struct timespec now;
    char program[PROGRAM_NAME];
    _Static_assert(sizeof segment->events[0].program == PROGRAM_NAME, "a name fits an event");
    name_program(server_surroundings(server), call->tid, program);
    clock_gettime(CLOCK_REALTIME, &now);

    uint64_t number = atomic_fetch_add(&segment->event_next, 1);
    struct event *event = &segment->events[number % SEGMENT_EVENTS];
    atomic_store_explicit(&event->sequence, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    event->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    event->tid = call->tid;
    event->call = known_call_index(call->arch, call->number);
    event->rule = verdict->rule;
    event->kind = (uint16_t)kind;
    event->reason = (uint16_t)verdict->reason;
    event->was = verdict->was;
    event->answer = verdict->answer;
    memcpy(event->program, program, sizeof program);
    atomic_store_explicit(&event->sequence, number + 1, memory_order_release);
}

/* ---- one request ---- */

static enum event_kind end_stop(struct stopped_call *call, const struct verdict *verdict) {
    bool answered = verdict->decision == DECISION_ANSWER;
    int result =
        answered ? call->mechanism->answer(call, verdict->value) : call->mechanism->let_run(call);
    if (result != 0)
        return EVENT_GONE;
    if (answered)
        return EVENT_ANSWERED;
    return verdict->reason == FALLBACK_NONE ? EVENT_LET_RUN : EVENT_FALLBACK;
}

static void count(struct segment *segment, const struct verdict *verdict, enum event_kind kind) {
    static const enum counter counters[] = {
        [EVENT_ANSWERED] = COUNTER_ANSWERED,
        [EVENT_LET_RUN] = COUNTER_LET_RUN,
        [EVENT_FALLBACK] = COUNTER_FALLBACKS,
        [EVENT_GONE] = COUNTER_GONE,
    };
    segment_count(segment, COUNTER_STOPPED);
    segment_count(segment, counters[kind]);
    if (kind == EVENT_ANSWERED && verdict->rule < SEGMENT_RULES)
        atomic_fetch_add_explicit(&segment->rule_hits[verdict->rule], 1, memory_order_relaxed);
    if (kind == EVENT_FALLBACK)
        atomic_fetch_add_explicit(&segment->fallbacks[verdict->reason], 1, memory_order_relaxed);
}

static void free_slot(struct slot *slot) {
    atomic_store_explicit(&slot->begun, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->outside_deaths, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->crashes, 0, memory_order_relaxed);
    memset(slot->request, 0, sizeof slot->request); /* RECV wants zeros: seccomp_unotify(2) */
}

static void serve_slot(struct server *server) {
    const struct worker_setup *setup = server->worker->setup;
    struct notify_stop stop = {.listener = DESCRIPTOR_LISTENER};
    struct k_seccomp_notif request;
    atomic_store_explicit(&server->slot->begun, 1, memory_order_relaxed);
    memcpy(&request, server->slot->request, sizeof request);
    struct stopped_call call = notify_call(&stop, &request);
    call.server = server;

    struct verdict verdict = serve_call(&call, setup->policy);
    uint32_t level = atomic_load_explicit(&setup->segment->logging, memory_order_relaxed);
    bool logged = level == LOG_ALL || (level == LOG_ANSWERS && verdict.decision == DECISION_ANSWER);
    if (logged) /* the program may be gone once it has its answer */
        log_event(server, &call, &verdict,
                  verdict.decision == DECISION_ANSWER ? EVENT_ANSWERED
                  : verdict.reason == FALLBACK_NONE   ? EVENT_LET_RUN
                                                      : EVENT_FALLBACK);
    enum event_kind kind = end_stop(&call, &verdict);
    count(setup->segment, &verdict, kind);
    free_slot(server->slot);
}

/* ---- who receives ---- */

static void *server_run(void *argument);

/* With the lock held: a thread for the next free slot. */
static bool add_server(struct worker *worker, bool receiving) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (worker->threads == SEGMENT_SLOTS)
        return false;
    struct server *server = &worker->servers[worker->threads];
    *server = (struct server){
        .worker = worker,
        .slot = &worker->setup->segment->slots[worker->threads],
        .receiving = receiving,
    };
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool made = pthread_create(&thread, &attributes, server_run, server) == 0;
    pthread_attr_destroy(&attributes);
    worker->threads += made;
    return made;
}

bool server_step_aside(struct server *server) {
    struct worker *worker = server->worker;
    bool replaced = true;
    if (!server->receiving)
        return true;
    pthread_mutex_lock(&worker->lock);
    if (worker->waiting > worker->vacancies) {
        worker->vacancies++;
        pthread_cond_signal(&worker->vacancy_announced);
    } else {
        replaced = add_server(worker, true);
    }
    if (replaced)
        server->receiving = false;
    pthread_mutex_unlock(&worker->lock);
    return replaced;
}

static void wait_for_vacancy(struct server *server) {
    struct worker *worker = server->worker;
    pthread_mutex_lock(&worker->lock);
    worker->waiting++;
    while (worker->vacancies == 0)
        pthread_cond_wait(&worker->vacancy_announced, &worker->lock);
    worker->vacancies--;
    worker->waiting--;
    server->receiving = true;
    pthread_mutex_unlock(&worker->lock);
}

/* ENOENT from RECV: an interrupted caller, or nobody is left. */
static void end_if_nobody_is_left(void) {
    struct pollfd listener = {.fd = DESCRIPTOR_LISTENER};
    if (poll(&listener, 1, 0) == 1 && (listener.revents & (POLLHUP | POLLERR | POLLNVAL)))
        _exit(0);
}

static void tell_starter(struct segment *segment) {
    if (atomic_exchange(&segment->serving, 1) != 0)
        return;
    send(DESCRIPTOR_STARTER, "s", 1, MSG_NOSIGNAL);
    dup3(STDIN_FILENO, DESCRIPTOR_STARTER, 0); /* /dev/null: keeps the number taken */
}

static void *server_run(void *argument) {
    struct server *server = argument;
    struct worker *worker = server->worker;
    syscall(SYS_unshare, 0x200 /* CLONE_FS: umask and directories of its own */);
    if (worker->surroundings.proof == PROOF_AS_NOBODY && become_nobody(server) != 0)
        _exit(2);
    const struct k_seccomp_notif *request = (const void *)server->slot->request;
    if (request->id != 0)
        serve_slot(server); /* left behind by the worker before us */
    for (;;) {
        if (!server->receiving)
            wait_for_vacancy(server);
        tell_starter(worker->setup->segment);
        int error = notify_receive(DESCRIPTOR_LISTENER, (void *)server->slot->request);
        if (error == 0)
            serve_slot(server);
        else if (error == -ENOENT)
            end_if_nobody_is_left();
        else if (error != -EINTR && error != -EAGAIN)
            _exit(3);
        if (error != 0)
            free_slot(server->slot);
    }
    return NULL;
}

/* ---- start ---- */

/* Becoming nobody needs nobody to exist in our user namespace. */
static void settle_proof(struct worker *worker) {
    struct server trial = {.worker = worker};
    if (worker->surroundings.proof != PROOF_AS_NOBODY)
        return;
    if (become_nobody(&trial) != 0)
        worker->surroundings.proof = PROOF_COMPARE;
    if (become_self(&trial) != 0)
        _exit(2);
}

/* The main thread: if the guardian is gone, this worker serves on alone until the last filtered
 * task is gone. */
static _Noreturn void watch(const struct worker_setup *setup) {
    int guardian = (int)syscall(K_NR_PIDFD_OPEN, setup->guardian, 0);
    struct pollfd watched[] = {
        {.fd = DESCRIPTOR_LISTENER},
        {.fd = getppid() == setup->guardian ? guardian : -1, .events = POLLIN},
    };
    for (;;) {
        if (poll(watched, 2, -1) < 0)
            continue;
        if (watched[0].revents)
            _exit(0);
        if (watched[1].revents)
            watched[1].fd = -1;
    }
}

void worker_run(const struct worker_setup *setup) {
    struct worker *worker = &the_worker;
    struct segment *segment = setup->segment;
    title_set("spoof-worker", "seccomp-spoof: worker");
    worker->setup = setup;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->vacancy_announced, NULL);
    if (surroundings_read(&worker->surroundings) != 0)
        _exit(2);
    settle_proof(worker);
    worker->surroundings.mounts = mounts_open();

    unsigned needed = 1; /* a thread for every slot up to the last one that is taken, and one */
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++)
        if (((const struct k_seccomp_notif *)(const void *)segment->slots[i].request)->id != 0)
            needed = i + 2 <= SEGMENT_SLOTS ? i + 2 : SEGMENT_SLOTS;
    pthread_mutex_lock(&worker->lock);
    for (unsigned i = 0; i < needed; i++)
        if (!add_server(worker, i + 1 == needed))
            _exit(2);
    pthread_mutex_unlock(&worker->lock);
    watch(setup);
}
