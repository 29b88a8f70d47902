/* worker.c - receives stopped calls, serves them, answers them.
 * Rule: it may die at any instruction. A request lies in its slot of the shared segment from the
 * moment the kernel hands it out until its answer is sent, and serving it twice does no harm. */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../calls/calls.h"
#include "../mechanism/notify.h"
#include "delivery.h"
#include "record.h"
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

/* ---- one request ---- */

/* The program gets its descriptor, or hears why not. */
static int deliver(struct stopped_call *call, const struct verdict *verdict) {
    struct segment *segment = the_worker.setup->segment;
    int error = delivery_ask(segment, call->server->slot, verdict->fd, verdict->fd_flags);
    close(verdict->fd);
    if (error == 0 || error == -ENOENT)
        return error;
    if (error == -EMFILE || error == -ENFILE || error == -ENOMEM)
        return call->mechanism->answer(call, error); /* as its own open would fail */
    const struct verdict other = let_run(FALLBACK_DELIVERY);
    record_instead(segment, verdict, &other);
    return call->mechanism->let_run(call);
}

/* 0, or -ENOENT if the tracee is gone. */
static int end_stop(struct stopped_call *call, const struct verdict *verdict) {
    switch (verdict->decision) {
    case DECISION_ANSWER:
        return call->mechanism->answer(call, verdict->value);
    case DECISION_DELIVER:
        return deliver(call, verdict);
    case DECISION_REPLACE_PATH: /* not among the abilities of notify */
        verdict_release(verdict);
        break;
    case DECISION_LET_RUN:
        break;
    }
    return call->mechanism->let_run(call);
}

static void free_slot(struct slot *slot) {
    atomic_store_explicit(&slot->begun, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->delivery, DELIVERY_NONE, memory_order_relaxed);
    atomic_store_explicit(&slot->outside_deaths, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->crashes, 0, memory_order_relaxed);
    memset(slot->request, 0, sizeof slot->request); /* RECV wants zeros: seccomp_unotify(2) */
}

static void serve_slot(struct server *server) {
    const struct worker_setup *setup = the_worker.setup;
    struct notify_stop stop = {.listener = DESCRIPTOR_LISTENER};
    struct k_seccomp_notif request;
    atomic_store_explicit(&server->slot->begun, 1, memory_order_relaxed);
    memcpy(&request, server->slot->request, sizeof request);
    struct stopped_call call = notify_call(&stop, &request);
    call.server = server;

    struct verdict verdict = serve_call(&call, setup->policy);
    record_verdict(setup->segment, &call, &verdict);
    if (end_stop(&call, &verdict) != 0)
        record_gone(setup->segment, &verdict);
    free_slot(server->slot);
}

/* ---- who receives ---- */

static void *server_run(void *argument);
static bool step_aside(struct server *server);

/* With the lock held: a thread for the next free slot. */
static bool add_server(struct worker *worker, bool receiving) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (worker->threads == SEGMENT_SLOTS)
        return false;
    struct server *server = &worker->servers[worker->threads];
    *server = (struct server){
        .surroundings = &worker->surroundings,
        .step_aside = step_aside,
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

static bool step_aside(struct server *server) {
    struct worker *worker = &the_worker;
    bool replaced = true;
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
    struct worker *worker = &the_worker;
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
    struct worker *worker = &the_worker;
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
        /* Also where the worker before us was killed while it did the same: EINVAL otherwise. */
        memset(server->slot->request, 0, sizeof server->slot->request);
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
        if (watched[1].revents) {
            watched[1].fd = -1;
            delivery_alone(setup->segment);
        }
    }
}

void worker_run(const struct worker_setup *setup) {
    struct worker *worker = &the_worker;
    struct segment *segment = setup->segment;
    title_set("spoof-worker", "seccomp-spoof: worker");
    worker->setup = setup;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->vacancy_announced, NULL);
    if (surroundings_read(&worker->surroundings) != 0 ||
        surroundings_settle(&worker->surroundings) != 0)
        _exit(2);

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
