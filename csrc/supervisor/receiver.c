/* receiver.c - threads of a worker, and the place that one of them has at the listener.
 * Rule: the place is given away under the lock, and only if somebody takes it. While nothing is
 * received nobody looks: who receives wakes who looks. */
#include "receiver.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../process/thread.h"
#include "../tracee/rights.h"
#include "segment.h"

#define STACK_SIZE (256U << 10)
/* The other slots are for calls that a worker before us has left. */
#define MOST_THREADS (SEGMENT_SLOTS - 64)
/* Longer than any call takes that waits for nothing. */
#define PERIOD_MS 5
/* While others than the receiver serve: how often the guardian is told that all is well. */
#define BEAT_MS 500

static struct {
    struct segment *segment;
    const struct server *like;
    void *(*run)(void *);
    pthread_mutex_t lock; /* guards the next three */
    pthread_cond_t vacancy_announced;
    unsigned waiting;   /* threads that wait for a vacancy */
    unsigned vacancies; /* 1 while nobody receives and a waiting thread has been woken */
    unsigned threads;
    struct server servers[SEGMENT_SLOTS + 1];
    _Atomic(struct server *) receiver;
    _Atomic bool last;   /* nobody could take the receiver's place */
    _Atomic bool asleep; /* who looks */
    int wake;
    /* Of who looks: */
    uint32_t seen;       /* the receiver's wait at the last look */
    uint32_t turns_seen; /* ... and its turn */
} receivers = {.lock = PTHREAD_MUTEX_INITIALIZER, .vacancy_announced = PTHREAD_COND_INITIALIZER};

static bool step_aside(struct server *server);

int receiver_open(struct segment *segment, const struct server *like, void *(*run)(void *)) {
    receivers.segment = segment;
    if (segment->turns & 1)
        segment->turns++; /* of the worker before us */
    receivers.like = like;
    receivers.run = run;
    receivers.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return receivers.wake >= 0 ? 0 : -errno;
}

/* With the lock held: is there a thread that waits for the place? */
static bool is_awaited(void) {
    return receivers.waiting > receivers.vacancies;
}

/* With the lock held. */
static void note_last(void) {
    receivers.last = receivers.threads >= MOST_THREADS && !is_awaited();
}

/* With the lock held. */
static bool add(struct slot *slot, bool receiving) {
    if (receivers.threads == sizeof receivers.servers / sizeof *receivers.servers)
        return false;
    struct server *server = &receivers.servers[receivers.threads];
    *server = *receivers.like;
    server->step_aside = step_aside;
    server->last = &receivers.last;
    server->slot = slot;
    server->receiving = receiving;
    bool made = thread_start(STACK_SIZE, receivers.run, server) == 0;
    receivers.threads += made;
    note_last();
    return made;
}

bool receiver_add(struct slot *slot) {
    pthread_mutex_lock(&receivers.lock);
    bool made = add(slot, slot == NULL);
    pthread_mutex_unlock(&receivers.lock);
    return made;
}

/* With the lock held, and if it is awaited. */
static void give_place(void) {
    receivers.vacancies++;
    note_last();
    pthread_cond_signal(&receivers.vacancy_announced);
}

static bool step_aside(struct server *server) {
    bool replaced = true;
    pthread_mutex_lock(&receivers.lock);
    if (is_awaited())
        give_place();
    else
        replaced = receivers.threads < MOST_THREADS && add(NULL, true);
    if (replaced)
        server->receiving = false;
    pthread_mutex_unlock(&receivers.lock);
    return replaced;
}

void receiver_begin(struct server *server) {
    if (!server->receiving) {
        pthread_mutex_lock(&receivers.lock);
        receivers.waiting++;
        note_last();
        while (receivers.vacancies == 0)
            pthread_cond_wait(&receivers.vacancy_announced, &receivers.lock);
        receivers.vacancies--;
        receivers.waiting--;
        note_last();
        pthread_mutex_unlock(&receivers.lock);
        server->receiving = true;
    }
    if (receivers.receiver != server)
        receivers.receiver = server;
    if (receivers.segment->turns & 1)
        receivers.segment->turns++;
}

void receiver_has_received(void) {
    const uint64_t one = 1;
    receivers.segment->turns++;
    if (receivers.asleep && atomic_exchange(&receivers.asleep, false) &&
        write(receivers.wake, &one, sizeof one) < 0)
        receivers.asleep = true; /* cannot be: the next one tries again */
}

/* ---- looking after them ---- */

int receiver_wake_descriptor(void) {
    return receivers.wake;
}

int receiver_period(void) {
    if (receivers.segment->turns & 1)
        return PERIOD_MS;
    receivers.asleep = true;
    /* Who has received since then has perhaps not seen it. */
    if (receivers.segment->turns & 1) {
        receivers.asleep = false;
        return PERIOD_MS;
    }
    pthread_mutex_lock(&receivers.lock);
    bool alone = receivers.threads == receivers.waiting + 1;
    pthread_mutex_unlock(&receivers.lock);
    return alone ? -1 : BEAT_MS;
}

void receiver_look(void) {
    uint64_t count;
    struct server *server = receivers.receiver;
    uint32_t wait = server ? server->waits : 0;
    if (read(receivers.wake, &count, sizeof count) > 0)
        receivers.seen = 0; /* a while has passed */
    bool stuck = (wait & 1) != 0 && wait == receivers.seen;
    receivers.seen = wait;
    if (!stuck)
        return;
    pthread_mutex_lock(&receivers.lock);
    /* Not before somebody is there to take the place; one who is made now is there at the next
     * look. */
    if (!is_awaited() && receivers.threads < MOST_THREADS)
        add(NULL, false);
    else if (is_awaited() && atomic_compare_exchange_strong(&server->waits, &wait, 0))
        give_place();
    pthread_mutex_unlock(&receivers.lock);
}

bool receiver_goes_on(void) {
    const struct server *server = receivers.receiver;
    const uint32_t turns = receivers.segment->turns;
    bool held = (turns & 1) != 0 && turns == receivers.turns_seen && (server->waits & 1) == 0;
    receivers.turns_seen = turns;
    return !held;
}
