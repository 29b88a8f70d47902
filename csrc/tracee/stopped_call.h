/* stopped_call.h - a stopped call, seen the same way whatever mechanism stopped it.
 * Rule: handlers in calls/ ask this interface and never a mechanism. */
#ifndef SPOOF_STOPPED_CALL_H
#define SPOOF_STOPPED_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mechanism;
struct server; /* the thread of ours that serves the call: server.h */

struct stopped_call {
    pid_t tid;
    uint32_t arch; /* AUDIT_ARCH_* of the call itself, not of the process */
    int32_t number;
    uint64_t arguments[6];
    const struct mechanism *mechanism;
    void *stop; /* what the mechanism knows this stop by */
    struct server *server;
};

/* What a mechanism can do with a stopped call; a handler is written against these. */
enum ability {
    ABILITY_ANSWER = 1 << 0,       /* return a value instead of running the call */
    ABILITY_DELIVER = 1 << 1,      /* return a new descriptor */
    ABILITY_LOOK_AFTER = 1 << 2,   /* let it run and then change the result */
    ABILITY_REPLACE_PATH = 1 << 3, /* let it run with another path */
    ABILITY_INJECT = 1 << 4,       /* run other calls in the tracee first */
};

struct mechanism {
    const char *name;
    unsigned abilities;
    /* Up to `length` bytes of the tracee's memory: how many, or -errno. Page by page, so that what
     * lies before an unmapped page is still read. */
    ssize_t (*read)(struct stopped_call *call, uint64_t address, void *to, size_t length);
    /* All bytes or -errno; respects the tracee's page protections as the kernel's own copy does. */
    int (*write)(struct stopped_call *call, uint64_t address, const void *from, size_t length);
    /* Is the tracee still in this very call? To be asked after reading and before writing. */
    bool (*still_stopped)(struct stopped_call *call);
    /* Ends the stop. 0, or -ENOENT if the tracee is gone or its call was restarted. */
    int (*answer)(struct stopped_call *call, int64_t value);
    int (*let_run)(struct stopped_call *call);
};

#endif
