/* worker.c - receives stopped calls, serves them, answers them.
 * Rule: it may die at any instruction. A request lies in its slot of the shared segment from the
 * moment the kernel hands it out until its answer is sent, and serving it twice does no harm. */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../arch/kernel.h"
#include "../calls/calls.h"
#include "../inline/beside.h"
#include "../inline/due.h"
#include "../inline/enter.h"
#include "../mechanism/notify.h"
#include "../process/fd_passing.h"
#include "../process/place.h"
#include "../tracee/lookup_cache.h"
#include "../tracee/pidfd_cache.h"
#include "../tracee/rights.h"
#include "delivery.h"
#include "family.h"
#include "receiver.h"
#include "record.h"
#include "../tracee/server.h"
#include "slots.h"
#include "../process/proctitle.h"

struct worker {
    const struct worker_setup *setup;
    struct context context;
    struct pidfd_cache pidfd_cache;
};

static struct worker the_worker;

/* ---- one request ---- */

/* Who goes on receiving keeps it. */
static void free_slot(struct server *server) {
    if (server->receiving) {
        slot_clear(server->slot);
        return;
    }
    slot_free(the_worker.setup->segment, server->slot);
    server->slot = NULL;
}

static uint64_t returns_to(const struct slot *slot) {
    struct k_seccomp_notif request;
    memcpy(&request, slot->request, sizeof request);
    return request.data.instruction_pointer;
}

/* Has the program answer such calls by itself from now on. While it goes on another thread
 * receives. True: the call is made again, nothing is owed. */
static bool enter_agent(struct stopped_call *call) {
    const struct inline_plan *plan = &the_worker.setup->plan;
    if (plan->address == 0)
        return false;
    const uint64_t back = returns_to(call->server->slot);
    const struct due_call due = {call->tid, known_call(call->arch, call->number), back,
                                 call->server->context->proc};
    if (!due_count(&due, the_worker.setup->policy, plan))
        return false;
    bool away = false;
    const enum inline_outcome outcome =
        server_step_aside(call->server)
            ? inline_enter(call, the_worker.setup->policy, plan, back, &away)
            : INLINE_BUSY;
    due_note(&due, outcome);
    record_inline(the_worker.setup->segment, outcome);
    return away;
}

/* ... or no more: also where nobody else receives meanwhile, since it must not be left out. */
static void stop_agent(struct stopped_call *call, const struct verdict *verdict) {
    const struct inline_plan *plan = &the_worker.setup->plan;
    if (plan->address == 0 || !inline_must_stop(call, plan, verdict->adds_filter))
        return;
    const bool replaced = server_step_aside(call->server);
    if (verdict->adds_filter)
        beside_end(call, replaced);
    record_inline(the_worker.setup->segment, inline_stop(call, plan, NULL));
}

static void serve_slot(struct server *server) {
    const struct worker_setup *setup = the_worker.setup;
    struct notify_stop stop;
    atomic_store_explicit(&server->slot->begun, 1, memory_order_relaxed);
    struct stopped_call call = slot_call(server->slot, &stop);
    call.server = server;
    server_begin(server);
    if (delivery_resume(&call, server->slot) || enter_agent(&call)) {
        free_slot(server);
        return;
    }
    struct verdict verdict = serve_call(&call, setup->policy);
    record_verdict(setup->segment, &call, &verdict);
    stop_agent(&call, &verdict);
    if (verdict.decision == DECISION_DELIVER)
        deliver(setup->segment, &call, &verdict);
    else if (verdict_end(&call, &verdict) != 0)
        record_gone(setup->segment, &verdict);
    free_slot(server);
}

/* ---- threads ---- */

/* ENOENT from RECV: an interrupted caller, or nobody is left. */
static void end_if_nobody_is_left(void) {
    if (!notify_nobody_is_left(DESCRIPTOR_LISTENER))
        return;
    if (!family_is_ours())
        _exit(0);
    for (;;)
        pause(); /* the main thread ends us */
}

/* The starter waits for this word, so a worker that cannot say it leaves it to the next one. */
static void tell_starter(struct segment *segment) {
    if (segment->serving != 0)
        return;
    const int error = pass_byte(DESCRIPTOR_STARTER, 's');
    if (error != 0 && error != -EPIPE && error != -ECONNRESET)
        _exit(STATUS_NOT_BEGUN);
    segment->serving = 1;
    place_descriptor(STDIN_FILENO, DESCRIPTOR_STARTER); /* /dev/null: keeps the number taken */
}

static void *server_run(void *argument) {
    struct server *server = argument;
    struct worker *worker = &the_worker;
    syscall(SYS_unshare, 0x200 /* CLONE_FS: umask and directories of its own */);
    if (worker->context.proof == PROOF_UNPRIVILEGED && rights_none(server) != 0)
        _exit(STATUS_NOT_BEGUN);
    if (server->slot)
        serve_slot(server); /* left behind by the worker before us */
    for (;;) {
        receiver_begin(server);
        if (!server->slot)
            server->slot = slot_take(worker->setup->segment);
        tell_starter(worker->setup->segment);
        int error = notify_receive(DESCRIPTOR_LISTENER, (void *)server->slot->request);
        receiver_has_received();
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

/* The main thread: until the last filtered task is gone, also if the guardian is. `children`:
 * family_open(), or -1. */
static void watch(int children) {
    struct pollfd watched[] = {
        {.fd = DESCRIPTOR_LISTENER},
        {.fd = receiver_wake_descriptor(), .events = POLLIN},
        {.fd = children, .events = POLLIN},
    };
    for (;;) {
        if (poll(watched, 3, receiver_period()) < 0)
            continue;
        if (watched[2].revents)
            family_reap();
        if (notify_is_over(watched[0].revents))
            return;
        receiver_look();
        if (receiver_goes_on())
            the_worker.setup->segment->beats++;
    }
}

/* Starts the threads; ends the process if that cannot be. */
static void begin(const struct worker_setup *setup) {
    struct worker *worker = &the_worker;
    struct segment *segment = setup->segment;
    worker->setup = setup;
    static struct server like; /* receiver.c keeps it */
    like = (struct server){
        .context = &worker->context,
        .pidfd_cache = &worker->pidfd_cache,
        .lookup_cache = lookup_cache_new(),
    };
    if (context_read(&worker->context) != 0 || rights_choose_proof(&worker->context) != 0 ||
        receiver_open(segment, &like, server_run) != 0)
        _exit(STATUS_NOT_BEGUN);
    if (setup->stops_root_changes) {
        worker->context.root_changed = &segment->root_changed;
        worker->context.restricted = &segment->restricted;
    }

    bool made = true;
    for (unsigned i = 0; made && i < SEGMENT_SLOTS; i++)
        if (slot_request(&segment->slots[i]) != 0)
            made = receiver_add(&segment->slots[i]);
    if (!made || !receiver_add(NULL))
        _exit(STATUS_NOT_BEGUN);
}

void worker_run(const struct worker_setup *setup) {
    proctitle_set("spoof-worker", "seccomp-spoof: worker");
    begin(setup);
    watch(-1);
    _exit(0);
}

void worker_stay(const struct worker_setup *setup) {
    int children = family_open();
    if (children < 0)
        _exit(STATUS_NOT_BEGUN);
    segment_count(setup->segment, COUNTER_WORKER_STARTS);
    begin(setup);
    family_reap(); /* what has become of them before we listened */
    watch(children);
}
