/* segment.h - the memory that guardian, worker and Node share: counters, events, request slots.
 * Rule: what must survive the death of a worker lives here and nowhere else; writers never wait. */
#ifndef SPOOF_SEGMENT_H
#define SPOOF_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../spoof.h"

#define SEGMENT_MAGIC 0x47455353U /* "SSEG" */
#define SEGMENT_VERSION 4U
#define SEGMENT_RULES 1024U  /* rules that are counted one by one */
#define SEGMENT_EVENTS 1024U /* a power of two */
#define SEGMENT_SLOTS 512U   /* requests served at the same time */

/* Why a call was let run although a rule might have named it: a fallback, counted and visible.
 * FALLBACK_NONE is no fallback. The texts are in segment.c. */
enum fallback {
    FALLBACK_NONE,
    FALLBACK_MEMORY,       /* the tracee's memory could not be read or written */
    FALLBACK_PROC,         /* /proc/TID could not be used: hidden, or not permitted */
    FALLBACK_ROOT,         /* another root or mount namespace, and it could not be entered */
    FALLBACK_CREDENTIALS,  /* the tracee's credentials could not be taken on */
    FALLBACK_LINK,         /* a link that cannot be followed as the tracee would */
    FALLBACK_AUTOMOUNT,    /* an automount point on the way: only the tracee may trigger it */
    FALLBACK_BUSY,         /* all threads are waiting for filesystems */
    FALLBACK_PATH_UNKNOWN, /* a rule asks for the path, and it has none here */
    FALLBACK_NAMESPACE,    /* another UTS namespace or personality */
    FALLBACK_CONTENT,      /* what a program is to read could not be made */
    FALLBACK_FLAGS,        /* open flags that an injected file cannot have */
    FALLBACK_DELIVERY,     /* the descriptor could not be handed over */
    FALLBACK_DEATHS,       /* the request killed its worker twice */
    FALLBACK_COUNT,
};

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

/* A request that is being served: the kernel writes into it, so that it is never only in the
 * memory of a worker. */
struct slot {
    uint8_t request[192];   /* struct seccomp_notif; all zero: free. First 8 bytes: its id */
    _Atomic uint32_t begun; /* the current worker has begun to serve it */
    _Atomic uint32_t
        outside_deaths;        /* weight of the workers that SIGKILL took while they served it */
    _Atomic uint32_t crashes;  /* workers that died by a fault of their own meanwhile */
    _Atomic uint32_t taken;    /* by a thread of the worker, or by the guardian */
    _Atomic uint32_t delivery; /* enum delivery_state, delivery.h; a futex */
    int32_t delivery_fd;       /* in the table of worker and guardian */
    uint32_t delivery_flags;   /* O_CLOEXEC or 0 */
    uint32_t delivery_rule;
    uint8_t padding[32];
};
_Static_assert(sizeof(struct slot) == 256, "slots keep to their own cache lines");

struct segment {
    uint32_t magic, version;
    uint64_t size;
    _Atomic uint64_t counters[COUNTER_COUNT];
    _Atomic uint64_t fallbacks[FALLBACK_COUNT];
    _Atomic uint64_t rule_hits[SEGMENT_RULES];
    _Atomic uint32_t logging;      /* enum log_level: which events to write */
    _Atomic uint32_t serving;      /* a worker has begun to receive */
    _Atomic uint32_t slot_waiting; /* a thread waits for a slot to become free */
    _Atomic uint32_t slots_freed;  /* ... by this futex */
    _Atomic uint32_t departed;     /* as in struct surroundings */
    _Atomic uint64_t event_next;   /* number of the next event */
    struct event events[SEGMENT_EVENTS];
    struct slot slots[SEGMENT_SLOTS];
};

/* A new memfd of the right size, O_CLOEXEC, or -errno. */
int segment_create(void);
/* Maps the segment behind `fd` (its owner formats it); NULL with errno set on failure. */
struct segment *segment_map(int fd, bool writable);
const char *fallback_name(enum fallback reason);

static inline void segment_count(struct segment *segment, enum counter counter) {
    atomic_fetch_add_explicit(&segment->counters[counter], 1, memory_order_relaxed);
}

#endif
