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
#include "../tracee/lookup_cache.h"
#include "../tracee/pidfd_cache.h"
#include "../tracee/rights.h"
#include "delivery.h"
#include "record.h"
#include "../tracee/server.h"
#include "slots.h"
#include "../process/proctitle.h"
#include "../process/thread.h"

#define STACK_SIZE (256U << 10)
/* The other slots are for descriptors on their way, so that who receives soon has one. */
#define MOST_THREADS (SEGMENT_SLOTS - 64)

struct worker {
    const struct worker_setup *setup;
    struct context context;
    struct pidfd_cache pidfd_cache;
    struct lookup_cache *lookup_cache;
    pthread_mutex_t lock; /* guards the three fields below */
    pthread_cond_t vacancy_announced;
    unsigned waiting;   /* threads that wait for a vacancy */
    unsigned vacancies; /* 1 while nobody receives and a waiting thread has been woken */
    unsigned threads;
    struct server servers[SEGMENT_SLOTS + 1];
};

static struct worker the_worker;

/* ---- one request ---- */

/* The slot goes to the guardian along with the descriptor, and this thread takes another one. */
static void deliver(struct server *server, const struct verdict *verdict) {
    delivery_ask(the_worker.setup->segment, server->slot, verdict);
    server->slot = NULL;
}

/* Who goes on receiving keeps it. */
static void free_slot(struct server *server) {
    if (server->receiving) {
        slot_clear(server->slot);
        return;
    }
    slot_free(the_worker.setup->segment, server->slot);
    server->slot = NULL;
}

static void serve_slot(struct server *server) {
    const struct worker_setup *setup = the_worker.setup;
    struct notify_stop stop;
    atomic_store_explicit(&server->slot->begun, 1, memory_order_relaxed);
    struct stopped_call call = slot_call(server->slot, &stop);
    call.server = server;
    server_begin(server);

    struct verdict verdict = serve_call(&call, setup->policy);
    record_verdict(setup->segment, &call, &verdict);
    if (verdict.decision == DECISION_DELIVER) {
        deliver(server, &verdict);
        return;
    }
    if (verdict_end(&call, &verdict) != 0)
        record_gone(setup->segment, &verdict);
    free_slot(server);
}

/* ---- who receives ---- */

static void *server_run(void *argument);
static bool step_aside(struct server *server);

/* With the lock held: one more thread; with a slot that a worker before us has left, or NULL. */
static bool add_server(struct worker *worker, struct slot *slot) {
    if (worker->threads == sizeof worker->servers / sizeof *worker->servers)
        return false;
    struct server *server = &worker->servers[worker->threads];
    *server = (struct server){
        .context = &worker->context,
        .pidfd_cache = &worker->pidfd_cache,
        .lookup_cache = worker->lookup_cache,
        .step_aside = step_aside,
        .slot = slot,
        .receiving = slot == NULL,
    };
    bool made = thread_start(STACK_SIZE, server_run, server) == 0;
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
        replaced = worker->threads < MOST_THREADS && add_server(worker, NULL);
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
    if (notify_nobody_is_left(DESCRIPTOR_LISTENER))
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
    if (worker->context.proof == PROOF_UNPRIVILEGED && rights_none(server) != 0)
        _exit(2);
    if (server->slot)
        serve_slot(server); /* left behind by the worker before us */
    for (;;) {
        if (!server->receiving)
            wait_for_vacancy(server);
        if (!server->slot)
            server->slot = slot_take(worker->setup->segment);
        tell_starter(worker->setup->segment);
        int error = notify_receive(DESCRIPTOR_LISTENER, (void *)server->slot->request);
        if (error == 0)
            serve_slot(server);
        else if (error == -ENOENT)
            end_if_nobody_is_left();
        else if (error != -EINTR && error != -EAGAIN)
            _exit(3);
        if (error != 0)
            free_slot(server);
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
        if (notify_is_over(watched[0].revents))
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
    proctitle_set("spoof-worker", "seccomp-spoof: worker");
    worker->setup = setup;
    worker->lookup_cache = lookup_cache_new();
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->vacancy_announced, NULL);
    if (context_read(&worker->context) != 0 || rights_choose_proof(&worker->context) != 0)
        _exit(2);
    if (setup->stops_root_changes)
        worker->context.root_changed = &segment->root_changed;

    pthread_mutex_lock(&worker->lock);
    bool made = true;
    for (unsigned i = 0; made && i < SEGMENT_SLOTS; i++) {
        struct slot *slot = &segment->slots[i];
        if (slot_request(slot) != 0 && atomic_load(&slot->delivery) == DELIVERY_NONE)
            made = add_server(worker, slot);
    }
    if (!made || !add_server(worker, NULL))
        _exit(2);
    pthread_mutex_unlock(&worker->lock);
    watch(setup);
}
