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
};

static inline struct lookup no_lookup(enum fallback fallback) {
    return (struct lookup){.fd = -1, .fallback = fallback};
}

static inline struct lookup failed_lookup(int error) {
    return (struct lookup){.fd = -1, .error = error};
}

static inline void lookup_close(const struct lookup *lookup) {
    if (lookup->fd >= 0)
        close(lookup->fd);
}

#endif
