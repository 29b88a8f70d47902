/* stopped_call.h - a stopped call, seen the same way whatever mechanism stopped it.
 * Rule: handlers in calls/ ask this interface and never a mechanism. */
#ifndef SPOOF_STOPPED_CALL_H
#define SPOOF_STOPPED_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fallback.h"
#include "path_text.h"

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

struct mechanism {
    const char *name;
    bool replaces_paths; /* it can let a call run with another path: DECISION_REPLACE_PATH */
    /* Up to `length` bytes of the tracee's memory: how many, or -errno. Page by page, so that what
     * lies before an unmapped page is still read. */
    ssize_t (*read)(struct stopped_call *call, uint64_t address, void *to, size_t length);
    /* All bytes or -errno, -ESRCH where the call is over; respects the tracee's page protections as
     * the kernel's own copy does. */
    int (*write)(struct stopped_call *call, uint64_t address, const void *from, size_t length);
    /* Is the tracee still in this very call? To be asked after reading, and before anything is
     * changed. */
    bool (*still_stopped)(struct stopped_call *call);
    /* Ends the stop. 0, or -ENOENT if the tracee is gone or its call was restarted. */
    int (*answer)(struct stopped_call *call, int64_t value);
    int (*let_run)(struct stopped_call *call);
};

/* As the mechanism's, but that it tries more than once where we are short of something. */
ssize_t tracee_read(struct stopped_call *call, uint64_t address, void *to, size_t length);
/* The NUL-terminated path at `address` (TRACEE_PATH_MAX bytes): its length without the NUL, or
 * -errno (-EFAULT, -ENAMETOOLONG: the kernel will say the same). */
ssize_t tracee_read_path(struct stopped_call *call, uint64_t address, char *path);
/* Why a call is let run whose path gave this error. */
enum fallback unread_fallback(ssize_t error);

#endif
