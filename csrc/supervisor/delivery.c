/* delivery.c - a thread of the guardian that hands descriptors over, and those who wait for it.
 * Rule: what was not surely done may be asked for again; what was done is marked in the slot before
 * anybody else may look at it. */
#include "delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../mechanism/notify.h"
#include "worker.h"

/* Held while a request is delivered, so that its descriptor is not closed meanwhile. */
static pthread_mutex_t delivering = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool alone;

static void wake(struct slot *slot) {
    syscall(SYS_futex, &slot->delivery, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static int send_descriptor(const struct slot *slot, int fd, uint32_t flags) {
    struct k_seccomp_notif request;
    memcpy(&request, slot->request, sizeof request);
    return notify_deliver(DESCRIPTOR_LISTENER, request.id, fd, flags);
}

/* ---- the guardian's side ---- */

static void deliver(struct slot *slot) {
    pthread_mutex_lock(&delivering);
    /* A request of a worker that is gone may still have been announced. */
    if (atomic_load(&slot->delivery) == DELIVERY_ASKED) {
        int error = send_descriptor(slot, slot->delivery_fd, slot->delivery_flags);
        slot->delivery_error = error;
        atomic_store(&slot->delivery, error == 0 ? DELIVERY_DONE : DELIVERY_FAILED);
    }
    pthread_mutex_unlock(&delivering);
    wake(slot);
}

static void *run(void *argument) {
    struct segment *segment = argument;
    uint16_t number;
    for (;;) {
        ssize_t got = read(DESCRIPTOR_DELIVERY_READ, &number, sizeof number);
        if (got == sizeof number && number < SEGMENT_SLOTS)
            deliver(&segment->slots[number]);
        else if (got == 0 || (got < 0 && errno != EINTR))
            return NULL;
    }
}

int delivery_start(struct segment *segment) {
    pthread_t thread;
    sigset_t all, before;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    dup3(ends[0], DESCRIPTOR_DELIVERY_READ, O_CLOEXEC);
    dup3(ends[1], DESCRIPTOR_DELIVERY, O_CLOEXEC);
    close(ends[0]);
    close(ends[1]);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, run, segment);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

void delivery_cancel(struct segment *segment) {
    pthread_mutex_lock(&delivering);
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++) {
        uint32_t asked = DELIVERY_ASKED, failed = DELIVERY_FAILED;
        atomic_compare_exchange_strong(&segment->slots[i].delivery, &asked, DELIVERY_NONE);
        atomic_compare_exchange_strong(&segment->slots[i].delivery, &failed, DELIVERY_NONE);
    }
    pthread_mutex_unlock(&delivering);
}

/* ---- the worker's side ---- */

int delivery_ask(struct segment *segment, struct slot *slot, int fd, uint32_t flags) {
    uint16_t number = (uint16_t)(slot - segment->slots);
    slot->delivery_fd = fd;
    slot->delivery_flags = flags;
    atomic_store(&slot->delivery, DELIVERY_ASKED);
    if (!alone && write(DESCRIPTOR_DELIVERY, &number, sizeof number) != sizeof number)
        abort(); /* the next worker asks again */
    while (!alone && atomic_load(&slot->delivery) == DELIVERY_ASKED)
        syscall(SYS_futex, &slot->delivery, FUTEX_WAIT, DELIVERY_ASKED, NULL, NULL, 0);
    uint32_t state = atomic_load(&slot->delivery);
    /* The guardian may have done it in its last moment: then the call is not there any more. */
    int error = state == DELIVERY_ASKED  ? send_descriptor(slot, fd, flags)
                : state == DELIVERY_DONE ? 0
                                         : slot->delivery_error;
    return error == -EINPROGRESS ? -ENOENT : error;
}

void delivery_alone(struct segment *segment) {
    alone = true;
    for (unsigned i = 0; i < SEGMENT_SLOTS; i++)
        wake(&segment->slots[i]);
}
