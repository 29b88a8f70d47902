/* tracee.h - a stopped call, seen the same way whatever mechanism stopped it.
 * Rule: handlers in calls/ ask this interface and never a mechanism. */
#ifndef SPOOF_TRACEE_H
#define SPOOF_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../supervisor/segment.h"

struct mechanism;
struct server; /* the thread that serves the call: supervisor/server.h */

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

/* ---- tracee/memory.c ---- */

#define TRACEE_PATH_MAX 4096 /* PATH_MAX: bytes of a path with its NUL */

/* The NUL-terminated path at `address`: its length without the NUL, or -errno (-EFAULT,
 * -ENAMETOOLONG: the kernel will say the same). */
ssize_t tracee_read_path(struct stopped_call *call, uint64_t address, char *path);
/* A number that is the same for the same path, and hardly ever for two (FNV-1a). */
uint32_t path_hash(const char *path);

/* ---- tracee/look.c: what a path or descriptor of the tracee stands for ---- */

struct look {
    int fd;       /* O_PATH descriptor of the file; the caller closes it */
    bool missing; /* it is the last directory on the way, and what comes behind it is not there */
    bool in_our_root; /* the tracee's root is surely ours */
    bool plain;       /* ... and the path, but for `.` and more slashes than one, is its name */
    bool quick;       /* statfs of it surely never sleeps, and it is not in memory */
    enum fallback
        fallback; /* if fd < 0: why, FALLBACK_NONE if the kernel will answer with an error */
    int error;    /* ... this one (-errno); 0: which one is not known */
};

/* What a call names a file by. */
struct look_request {
    const char *path;
    int directory;    /* where a relative path begins: a descriptor of the tracee, or AT_FDCWD */
    bool no_follow;   /* a link at the end is not followed, but found */
    uint64_t resolve; /* RESOLVE_* of openat2(2) */
    char *missing;    /* TRACEE_PATH_MAX bytes for what is not there, or NULL: that is no find */
};

/* Looks a path up as the tracee would: same root, working directory, credentials, and links through
 * /proc/self as its own. Nothing is opened that could block or have effects (O_PATH). */
struct look look_path(struct stopped_call *call, const struct look_request *request);
/* Is the tracee's root directory ours, with the same mounts below it? */
bool look_is_in_our_root(struct stopped_call *call);
/* Opens what was found with these flags, with the rights of the tracee. May sleep. The descriptor
 * (O_CLOEXEC), or -errno; -EBUSY if nobody could take the receiver's place, -EPERM if the tracee's
 * credentials cannot be taken on. */
int look_open(struct stopped_call *call, int fd, int flags);
/* The same for a file in memory or on procfs, where nothing sleeps. */
int look_open_ours(struct stopped_call *call, int fd, int flags);
/* The file behind a descriptor of the tracee. */
struct look look_descriptor(struct stopped_call *call, uint32_t fd);
/* What /proc says of a descriptor of the tracee: the length of the name, or -errno. Never sleeps.
 */
ssize_t look_descriptor_name(struct stopped_call *call, uint32_t fd, char *name, size_t capacity);
/* fstatfs of a look; may wait for a filesystem, so it steps aside first where that can happen.
 * 0, or -errno; -EBUSY if nobody could take the receiver's place. *in_memory (or NULL): it may be a
 * file made by memfd_create(2). */
int look_statfs(struct stopped_call *call, const struct look *look, void *k_statfs,
                bool *in_memory);
/* May a descriptor of the tracee be one of a file made by memfd_create(2)? */
bool look_may_be_in_memory(struct stopped_call *call, int fd);
/* What /proc/self/fd says of one of our own descriptors: the length of the name, or -errno. `proc`
 * is our own /proc. */
ssize_t descriptor_name(int proc, int fd, char *path, size_t capacity);
/* The absolute path of a look as the tracee's root has it: its length, or -errno. */
ssize_t look_name(struct stopped_call *call, int fd, char *path, size_t capacity);

#endif
