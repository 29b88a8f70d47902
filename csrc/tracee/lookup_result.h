/* lookup_result.h - what a call names a file by, and what was found there. */
#ifndef SPOOF_LOOKUP_RESULT_H
#define SPOOF_LOOKUP_RESULT_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "fallback.h"

struct lookup_request {
    const char *path;
    int directory;    /* where a relative path begins: a descriptor of the tracee, or AT_FDCWD */
    bool no_follow;   /* a link at the end is not followed, but found */
    bool writes;      /* the call may change what is there: in doubt it has to wait, or to fail */
    bool creates;     /* it is opened by O_CREAT, which sticky directories forbid at times */
    uint64_t resolve; /* RESOLVE_* of openat2(2) */
    char *missing;    /* TRACEE_PATH_MAX bytes for what is not there, or NULL: that is no find */
};

struct lookup {
    int fd;       /* O_PATH descriptor of the file; lookup_close() it */
    bool missing; /* it is the last directory on the way, and what comes behind it is not there */
    bool in_own_root;  /* the tracee's root is surely ours */
    bool plain;        /* ... and the path, but for `.` and more slashes than one, is its name */
    bool never_sleeps; /* statfs of it surely does not, and it is not in memory */
    enum fallback
        fallback; /* if fd < 0: why, FALLBACK_NONE if the kernel will answer with an error */
    int error;    /* ... this one (-errno); 0: which one is not known */
    bool on_fuse; /* ... and it was found on a FUSE filesystem, which may be its user's alone */
};

static inline struct lookup no_lookup(enum fallback fallback) {
    return (struct lookup){.fd = -1, .fallback = fallback};
}

/* What failed for want of something of ours, or because a disk is broken, says nothing of the path:
 * the kernel may find a file there. */
static inline struct lookup failed_lookup(int error) {
    const bool ours = error_is_ours(-error);
    return (struct lookup){
        .fd = -1,
        .fallback = ours || error == -EIO ? FALLBACK_BUSY : FALLBACK_NONE,
        .error = ours ? 0 : error,
    };
}

static inline void lookup_close(const struct lookup *lookup) {
    if (lookup->fd >= 0)
        close(lookup->fd);
}

#endif
