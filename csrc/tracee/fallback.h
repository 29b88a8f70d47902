/* fallback.h - why a call was let run although a rule might have named it. */
#ifndef SPOOF_FALLBACK_H
#define SPOOF_FALLBACK_H

#include <errno.h>
#include <stdbool.h>

/* Why a call was let run although a rule might have named it: a fallback, counted and visible.
 * FALLBACK_NONE is no fallback. */
enum fallback {
    FALLBACK_NONE,
    FALLBACK_MEMORY,      /* the tracee's memory could not be read or written */
    FALLBACK_PROC,        /* /proc/TID could not be used: hidden, or not permitted */
    FALLBACK_ROOT,        /* another root or mount namespace, and it could not be entered */
    FALLBACK_CREDENTIALS, /* the tracee's credentials could not be taken on */
    FALLBACK_RESTRICTED,  /* the tracee may be under Landlock */
    FALLBACK_OTHER,       /* it has another cgroup, namespace or label, and that counts here */
    FALLBACK_LINK,        /* a link that cannot be followed as the tracee would */
    FALLBACK_AUTOMOUNT,   /* an automount point on the way: only the tracee may trigger it */
    FALLBACK_BUSY, /* all threads are waiting for filesystems, or we are short of something */
    FALLBACK_PATH_UNKNOWN, /* a rule asks for the path, and it has none here */
    FALLBACK_NAMESPACE,    /* another UTS namespace or personality */
    FALLBACK_CONTENT,      /* what a program is to read could not be made */
    FALLBACK_FLAGS,        /* open flags that an injected file cannot have */
    FALLBACK_DELIVERY,     /* the descriptor could not be handed over */
    FALLBACK_BOUND,  /* what a program is to read takes more memory or time than is allowed, or
                        a path more room than it has here */
    FALLBACK_X32,    /* a call of x32 */
    FALLBACK_DEATHS, /* the request killed its worker twice */
    FALLBACK_COUNT,
};

/* Does an error of a call of ours tell what we are short of, and nothing of what was asked about?
 * The program is never told of it, and knows nothing by it that it may not do. */
static inline bool error_is_ours(int error) {
    return error == ENOMEM || error == EMFILE || error == ENFILE || error == EINTR;
}

/* In a few words, for logs and reports. */
const char *fallback_name(enum fallback reason);

#endif
