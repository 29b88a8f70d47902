/* pidfd_cache.c - a small table of pidfds, by thread id. */
#include "pidfd_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"

static struct known_thread *entry_of(struct pidfd_cache *cache, pid_t tid) {
    return &cache->entries[tid & (PIDFD_CACHE_ENTRIES - 1)];
}

struct known_thread *pidfd_cache_find(struct pidfd_cache *cache, pid_t tid) {
    struct known_thread *entry = cache ? entry_of(cache, tid) : NULL;
    return entry && entry->tid == tid ? entry : NULL;
}

int pidfd_of_thread(pid_t tid) {
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, K_PIDFD_THREAD);
    /* Before Linux 6.9 only the first thread of a process can have one. */
    if (pidfd < 0 && errno == EINVAL)
        pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, 0);
    return pidfd;
}

static void clear(struct known_thread *entry) {
    if (entry->tid != 0)
        close(entry->pidfd);
    entry->tid = 0;
}

void pidfd_cache_forget(struct pidfd_cache *cache, pid_t tid) {
    struct known_thread *known = pidfd_cache_find(cache, tid);
    if (known)
        clear(known);
}

struct known_thread *pidfd_cache_add(struct pidfd_cache *cache, pid_t tid) {
    struct known_thread *entry = entry_of(cache, tid);
    clear(entry);
    int pidfd = pidfd_of_thread(tid);
    if (pidfd < 0)
        return NULL;
    *entry = (struct known_thread){.tid = tid, .pidfd = pidfd};
    return entry;
}
