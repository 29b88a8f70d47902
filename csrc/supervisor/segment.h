/* segment.h - the memory that guardian, worker and Node share: counters, events, request slots.
 * Rule: what must survive the death of a worker lives here and nowhere else; writers never wait. */
#ifndef SPOOF_SEGMENT_H
#define SPOOF_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../inline/outcome.h"
#include "../spoof.h"
#include "../tracee/fallback.h"
#include "../tracee/restricted.h"

#define SEGMENT_MAGIC 0x47455353U /* "SSEG" */
#define SEGMENT_VERSION 7U
#define SEGMENT_RULES 1024U  /* rules that are counted one by one */
#define SEGMENT_EVENTS 1024U /* a power of two */
#define SEGMENT_SLOTS 512U   /* requests served at the same time */

enum event_kind {
    EVENT_ANSWERED,
    EVENT_LET_RUN,
    EVENT_FALLBACK,
    EVENT_GONE,
    EVENT_FILTER,
    EVENT_CLOSED, /* a fallback that must not run: the call has failed */
    EVENT_KINDS,
};

enum log_level { LOG_NOTHING, LOG_ANSWERS, LOG_ALL };

/* One line for the log, written by a worker. */
struct event {
    int64_t time_ms; /* since the epoch */
    int32_t tid;
    uint32_t call; /* its place in the table of calls */
    uint32_t rule;
    uint16_t kind;        /* enum event_kind */
    uint16_t reason;      /* enum fallback */
    uint64_t was, answer; /* filesystem types */
    char program[64];     /* last part of the path of its program, NUL-terminated */
};
#define EVENT_WORDS (sizeof(struct event) / sizeof(uint64_t))

/* Its place. Who reads may be overtaken by who writes, and sees that by the sequence: the words of
 * the event are stored after it (release), and loaded before it (acquire). */
struct event_place {
    _Atomic uint64_t sequence; /* its number + 1, stored last; 0 while it is being written */
    _Atomic uint64_t words[EVENT_WORDS];
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
    COUNTER_OWN_FILTERS,
    COUNTER_COUNT,
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
    _Atomic int32_t delivered; /* 1 + the number of the descriptor that was added: delivery.c */
    uint8_t padding[44];
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
    _Atomic uint64_t inlined[INLINE_COUNT];
    _Atomic uint64_t rule_hits[SEGMENT_RULES];
    _Atomic uint32_t logging;      /* enum log_level: which events to write */
    _Atomic uint32_t serving;      /* a worker has begun to receive */
    _Atomic uint32_t slot_waiting; /* a thread waits for a slot to become free */
    _Atomic uint32_t slots_freed;  /* ... by this futex */
    _Atomic uint32_t root_changed; /* as in struct context */
    struct restricted restricted;
    _Atomic uint32_t turns;      /* odd: the receiver has received, and not come back yet */
    _Atomic uint32_t beats;      /* grows while the worker has calls in hand, and goes on */
    _Atomic uint64_t event_next; /* number of the next event */
    struct event_place events[SEGMENT_EVENTS];
    struct slot slots[SEGMENT_SLOTS];
};

/* The fixed numbers of the descriptors that a worker inherits from its guardian. */
enum inherited_descriptor {
    DESCRIPTOR_LISTENER = 3,
    DESCRIPTOR_LOG = 4,
    DESCRIPTOR_STARTER = 5, /* socket to the starter, until the command runs */
    DESCRIPTOR_PARENT = 6,  /* socket to the parent that stays, or /dev/null */
    DESCRIPTOR_FIRST_FREE = 7,
};

/* A new segment: a memfd, O_CLOEXEC, or -errno. */
int segment_create(void);
/* Maps the segment behind `fd`; NULL with errno set (EINVAL: not one of this version). */
struct segment *segment_map(int fd, bool writable);

static inline void segment_count(struct segment *segment, enum counter counter) {
    atomic_fetch_add_explicit(&segment->counters[counter], 1, memory_order_relaxed);
}

#endif
