/* segment.h - the memory that guardian, worker and Node share: counters, events, request slots.
 * Rule: what must survive the death of a worker lives here and nowhere else; writers never wait. */
#ifndef SPOOF_SEGMENT_H
#define SPOOF_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../spoof.h"
#include "../tracee/fallback.h"

#define SEGMENT_MAGIC 0x47455353U /* "SSEG" */
#define SEGMENT_VERSION 4U
#define SEGMENT_RULES 1024U  /* rules that are counted one by one */
#define SEGMENT_EVENTS 1024U /* a power of two */
#define SEGMENT_SLOTS 512U   /* requests served at the same time */

enum event_kind { EVENT_ANSWERED, EVENT_LET_RUN, EVENT_FALLBACK, EVENT_GONE };

enum log_level { LOG_NOTHING, LOG_ANSWERS, LOG_ALL };

/* One line for the log, written by a worker. */
struct event {
    _Atomic uint64_t sequence; /* its number + 1, stored last; 0 while it is being written */
    int64_t time_ms;           /* since the epoch */
    int32_t tid;
    uint32_t call; /* its place in the table of calls */
    uint32_t rule;
    uint16_t kind;        /* enum event_kind */
    uint16_t reason;      /* enum fallback */
    uint64_t was, answer; /* filesystem types */
    char program[64];     /* last part of the path of its program, NUL-terminated */
};

enum counter {
    COUNTER_STOPPED,
    COUNTER_ANSWERED,
    COUNTER_LET_RUN,
    COUNTER_FALLBACKS,
    COUNTER_GONE,
    COUNTER_GIVEN_UP,
    COUNTER_WORKER_STARTS,
    COUNTER_EVENTS_LOST,
    COUNTER_COUNT,
};

/* Of a descriptor on its way into a program: delivery.h. */
enum delivery_state {
    DELIVERY_NONE,
    DELIVERY_ASKED,   /* by the worker, which has nothing more to do with the slot */
    DELIVERY_SENDING, /* a thread of the guardian is at it, and will free the slot */
};

/* A request that is being served: the kernel writes into it, so that it is never only in the
 * memory of a worker. */
struct slot {
    uint8_t request[192];   /* struct seccomp_notif; all zero: free. First 8 bytes: its id */
    _Atomic uint32_t begun; /* the current worker has begun to serve it */
    _Atomic uint32_t
        outside_deaths;        /* weight of the workers that SIGKILL took while they served it */
    _Atomic uint32_t crashes;  /* workers that died by a fault of their own meanwhile */
    _Atomic uint32_t taken;    /* by a thread of the worker, or by the guardian */
    _Atomic uint32_t delivery; /* enum delivery_state; a futex */
    int32_t delivery_fd;       /* in the table of worker and guardian */
    uint32_t delivery_flags;   /* O_CLOEXEC or 0 */
    uint32_t delivery_rule;
    uint32_t delivery_closed; /* verdict.h: the call must not be let run */
    uint8_t padding[28];
};
_Static_assert(sizeof(struct slot) == 256, "slots keep to their own cache lines");

struct segment_head {
    uint32_t magic, version;
    uint64_t size; /* of the whole segment */
};

struct segment {
    struct segment_head head;
    _Atomic uint64_t counters[COUNTER_COUNT];
    _Atomic uint64_t fallbacks[FALLBACK_COUNT];
    _Atomic uint64_t rule_hits[SEGMENT_RULES];
    _Atomic uint32_t logging;      /* enum log_level: which events to write */
    _Atomic uint32_t serving;      /* a worker has begun to receive */
    _Atomic uint32_t slot_waiting; /* a thread waits for a slot to become free */
    _Atomic uint32_t slots_freed;  /* ... by this futex */
    _Atomic uint32_t root_changed; /* as in struct context */
    _Atomic uint64_t event_next;   /* number of the next event */
    struct event events[SEGMENT_EVENTS];
    struct slot slots[SEGMENT_SLOTS];
};

/* The fixed numbers of the descriptors that guardian and worker share. What a worker opens comes
 * behind them, and the guardian closes that when the worker dies. */
enum shared_descriptor {
    DESCRIPTOR_LISTENER = 3,
    DESCRIPTOR_LOG = 4,
    DESCRIPTOR_WORKER = 5,   /* pidfd of the current worker */
    DESCRIPTOR_STARTER = 6,  /* socket to the starter, until the command runs */
    DESCRIPTOR_DELIVERY = 7, /* pipe: slots whose descriptor is to be delivered */
    DESCRIPTOR_DELIVERY_READ = 8,
    DESCRIPTOR_FIRST_OF_WORKER = 9,
};

/* A new segment: a memfd, O_CLOEXEC, or -errno. */
int segment_create(void);
/* Maps the segment behind `fd`; NULL with errno set (EINVAL: not one of this version). */
struct segment *segment_map(int fd, bool writable);

static inline void segment_count(struct segment *segment, enum counter counter) {
    atomic_fetch_add_explicit(&segment->counters[counter], 1, memory_order_relaxed);
}

#endif
