/* slots.c - takes and frees slots.
 * Rule: the order in slot_free(): a slot that says it is free has nothing of its last request. */
#include "slots.h"

#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct slot *take_free(struct segment *segment) {
    static unsigned next;
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        unsigned number = (next + i) % SEGMENT_SLOTS;
        struct slot *slot = &segment->slots[number];
        if (slot->taken == 0 && atomic_exchange(&slot->taken, 1) == 0) {
            next = number;
            return slot;
        }
    }
    return NULL;
}

struct slot *slot_take(struct segment *segment) {
    struct slot *slot = take_free(segment);
    if (slot)
        return slot;
    segment->slot_waiting = 1;
    for (;;) {
        uint32_t freed = segment->slots_freed;
        slot = take_free(segment);
        if (slot)
            break;
        syscall(SYS_futex, &segment->slots_freed, FUTEX_WAIT, freed, NULL, NULL, 0);
    }
    segment->slot_waiting = 0;
    return slot;
}

void slot_clear(struct slot *slot) {
    memset(slot->request, 0, sizeof slot->request);
    atomic_store_explicit(&slot->begun, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->delivered, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->outside_deaths, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->crashes, 0, memory_order_relaxed);
}

void slot_free(struct segment *segment, struct slot *slot) {
    slot_clear(slot);
    slot->taken = 0;
    if (segment->slot_waiting == 0)
        return;
    segment->slots_freed++;
    syscall(SYS_futex, &segment->slots_freed, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

uint64_t slot_request(const struct slot *slot) {
    uint64_t id;
    memcpy(&id, slot->request, sizeof id);
    return id;
}

struct stopped_call slot_call(const struct slot *slot, struct notify_stop *stop) {
    struct k_seccomp_notif request;
    memcpy(&request, slot->request, sizeof request);
    stop->listener = DESCRIPTOR_LISTENER;
    return notify_call(stop, &request);
}
