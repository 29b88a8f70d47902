/* delivery.c - threads of the guardian that hand descriptors over, and those who ask for it.
 * Rule: who takes a slot from ASKED to SENDING sends, and nobody else; a slot that was not taken
 * may be asked for again. */
#include "delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../mechanism/notify.h"
#include "../process/thread.h"
#include "record.h"
#include "slots.h"

/* A program that is frozen keeps its sender waiting, and only that one. */
#define MAX_THREADS 64
#define STACK_SIZE (64U << 10)

static _Atomic bool alone;
static _Atomic int idle; /* threads that could take the next slot */
static _Atomic int threads;

static bool take(struct slot *slot, uint32_t from) {
    return atomic_compare_exchange_strong(&slot->delivery, &from, DELIVERY_SENDING);
}

/* What a call gets that could not be given its descriptor. */
static void fail(struct segment *segment, const struct slot *slot, struct stopped_call *call,
                 int error) {
    const struct verdict verdict = {.decision = DECISION_DELIVER, .rule = slot->delivery_rule};
    const struct verdict other = undelivered(slot->delivery_rule, slot->delivery_closed);
    int ended;
    if (error == -ENOENT || error == -EINPROGRESS) {
        record_gone(segment, &verdict);
        return;
    }
    if (error == -EMFILE || error == -ENFILE || error == -ENOMEM) {
        ended = call->mechanism->answer(call, error); /* as its own open would fail */
    } else {
        record_instead(segment, &verdict, &other);
        ended = verdict_end(call, &other);
    }
    if (ended != 0)
        record_gone(segment, &verdict);
}

static bool still_waits(const struct slot *slot) {
    struct notify_stop stop;
    struct stopped_call call = slot_call(slot, &stop);
    return call.mechanism->still_stopped(&call);
}

/* A slot in state SENDING. */
static void send_descriptor(struct segment *segment, struct slot *slot) {
    struct notify_stop stop;
    struct stopped_call call = slot_call(slot, &stop);
    int error = notify_deliver(stop.listener, stop.id, slot->delivery_fd, slot->delivery_flags);
    close(slot->delivery_fd);
    if (error != 0)
        fail(segment, slot, &call, error);
    slot_free(segment, slot);
}

/* ---- the guardian's side ---- */

static void *run(void *argument);

static int add_thread(struct segment *segment) {
    int error = thread_start(STACK_SIZE, run, segment);
    threads += error == 0;
    return error;
}

static void *run(void *argument) {
    struct segment *segment = argument;
    uint16_t number;
    for (;;) {
        idle++;
        ssize_t got = read(DESCRIPTOR_DELIVERY_READ, &number, sizeof number);
        if (--idle == 0 && threads < MAX_THREADS)
            add_thread(segment); /* later, if not now */
        if (got == 0 || (got < 0 && errno != EINTR))
            return NULL;
        /* A request of a worker that is gone may still be announced. */
        if (got == sizeof number && number < SEGMENT_SLOTS &&
            take(&segment->slots[number], DELIVERY_ASKED))
            send_descriptor(segment, &segment->slots[number]);
    }
}

int delivery_start(struct segment *segment) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    dup3(ends[0], DESCRIPTOR_DELIVERY_READ, O_CLOEXEC);
    dup3(ends[1], DESCRIPTOR_DELIVERY, O_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
    return add_thread(segment);
}

/* The lowest descriptor from `from` on that is being sent; UINT_MAX: none. */
static unsigned next_sent(const struct segment *segment, unsigned from) {
    unsigned lowest = UINT_MAX;
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        const struct slot *slot = &segment->slots[i];
        unsigned fd = (unsigned)slot->delivery_fd;
        if (atomic_load(&slot->delivery) == DELIVERY_SENDING && fd >= from && fd < lowest)
            lowest = fd;
    }
    return lowest;
}

void delivery_cancel(struct segment *segment, unsigned first) {
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        uint32_t asked = DELIVERY_ASKED;
        atomic_compare_exchange_strong(&segment->slots[i].delivery, &asked, DELIVERY_NONE);
    }
    for (;;) {
        unsigned sent = next_sent(segment, first);
        if (sent > first)
            syscall(K_NR_CLOSE_RANGE, first, sent == UINT_MAX ? ~0U : sent - 1, 0);
        if (sent == UINT_MAX)
            return;
        first = sent + 1;
    }
}

/* ---- the worker's side ---- */

void delivery_ask(struct segment *segment, struct slot *slot, const struct verdict *verdict) {
    uint16_t number = (uint16_t)(slot - segment->slots);
    slot->delivery_fd = verdict->fd;
    slot->delivery_flags = verdict->fd_flags;
    slot->delivery_rule = verdict->rule;
    slot->delivery_closed = verdict->closed;
    atomic_store(&slot->begun, 0); /* what happens from here on is not this worker's doing */
    atomic_store(&slot->delivery, DELIVERY_ASKED);
    bool told = !alone && write(DESCRIPTOR_DELIVERY, &number, sizeof number) == sizeof number;
    if ((alone || !told) && take(slot, DELIVERY_ASKED))
        send_descriptor(segment, slot);
}

void delivery_alone(struct segment *segment) {
    alone = true;
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        struct slot *slot = &segment->slots[i];
        if (take(slot, DELIVERY_ASKED) ||
            (atomic_load(&slot->delivery) == DELIVERY_SENDING && still_waits(slot)))
            send_descriptor(segment, slot);
        else if (atomic_load(&slot->delivery) == DELIVERY_SENDING)
            slot_free(segment,
                      slot); /* sent; its descriptor may be closed, and be another one by now */
    }
}
