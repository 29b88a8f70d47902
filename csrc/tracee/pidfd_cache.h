/* pidfd_cache.h - threads of the wrapped tree that were looked at before, so that what holds for
 * long is not asked again for each of their calls.
 * Rule: a thread id alone proves nothing, it may belong to another thread by now; a pidfd does.
 * Used again only while it says that the thread lives (identify()); and a thread that executes a
 * program gets the id, and the pidfd, of the first one of its process. */
#ifndef SPOOF_PIDFD_CACHE_H
#define SPOOF_PIDFD_CACHE_H

#include <stdbool.h>
#include <sys/types.h>

#define PIDFD_CACHE_ENTRIES 64 /* a power of two; one descriptor each */

struct known_thread {
    pid_t tid; /* 0: free */
    int pidfd;
    pid_t tgid;                          /* 0: not known yet */
    bool in_own_root, in_own_namespaces; /* found out to be so: identity.c */
    bool namespaces_asked;
    bool refused_entries; /* may not open what the tracer holds, by its entries in /proc */
};

/* Only the thread that receives uses it, so it needs no lock. */
struct pidfd_cache {
    struct known_thread entries[PIDFD_CACHE_ENTRIES];
};

/* A pidfd of a thread, O_CLOEXEC, or of its process where threads have none; or -1 with errno. */
int pidfd_of_thread(pid_t tid);
/* The entry of a thread that may have ended; NULL: it has none. */
struct known_thread *pidfd_cache_find(struct pidfd_cache *cache, pid_t tid);
/* A new one, in place of another. NULL with errno: the thread is gone, or (ENOSYS) there are no
 * pidfds: before Linux 5.3, and in old gVisor. */
struct known_thread *pidfd_cache_add(struct pidfd_cache *cache, pid_t tid);

/* Another program runs under this id, by execve(2): nothing that was known holds for it. */
void pidfd_cache_forget(struct pidfd_cache *cache, pid_t tid);

#endif
