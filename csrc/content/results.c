/* results.c - keeps account of large files in memory.
 * Rule: one lock, under which nobody sleeps. Who waits for a result waits for one who reads the
 * same file for the same rule, and nothing else. */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES 1024U
/* Two changes within this time may leave the same times behind: kernels count in jiffies, and some
 * filesystems in (even) seconds. */
#define FINE_NS 50000000LL
#define COARSE_NS 2500000000LL

enum state {
    ENTRY_FREE,
    ENTRY_PRIVATE, /* for whoever has it open, and nobody else */
    ENTRY_MAKING,
    ENTRY_SHARED,
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t made;
    size_t claimed; /* bytes, those of the entries among them */
    uint64_t clock;
    struct entry {
        enum state state;
        struct result result;
        size_t bytes;
        uint64_t digest; /* 0: it is not compared */
        uint64_t used;   /* by the clock */
        struct source source;
    } entries[ENTRIES];
} results = {.lock = PTHREAD_MUTEX_INITIALIZER, .made = PTHREAD_COND_INITIALIZER};

/* Has nobody but us the file open? A lease for writing is given then only; and a copy that a traced
 * program has made itself, which no lease counts, is locked as long as it has it. Where it cannot
 * be told (gVisor) nobody is asked to wait for it. */
static bool is_idle(int fd) {
    if (fd < 0)
        return true;
    if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
        return errno != EAGAIN && errno != EBUSY;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno != EWOULDBLOCK;
    flock(fd, LOCK_UN);
    return true;
}

static void let_go(struct entry *entry) {
    if (entry->result.fd >= 0)
        close(entry->result.fd);
    results.claimed -= entry->bytes;
    *entry = (struct entry){.state = ENTRY_FREE};
}

/* Lets go of the one that was used the longest time ago, of those that nobody has open. False:
 * there is none. */
static bool let_go_of_one(void) {
    struct entry *oldest = NULL;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct entry *entry = &results.entries[i];
        if ((entry->state == ENTRY_PRIVATE || entry->state == ENTRY_SHARED) &&
            (!oldest || entry->used < oldest->used) && is_idle(entry->result.fd))
            oldest = entry;
    }
    if (oldest)
        let_go(oldest);
    return oldest != NULL;
}

bool results_claim(size_t bytes) {
    pthread_mutex_lock(&results.lock);
    bool fits;
    do
        fits = bytes <= RESULTS_MAX - results.claimed;
    while (!fits && let_go_of_one());
    results.claimed += fits ? bytes : 0;
    pthread_mutex_unlock(&results.lock);
    return fits;
}

void results_give_back(size_t bytes) {
    pthread_mutex_lock(&results.lock);
    results.claimed -= bytes;
    pthread_mutex_unlock(&results.lock);
}

/* With the lock held: NULL if all are in use. */
static struct entry *free_entry(void) {
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < ENTRIES; i++)
            if (results.entries[i].state == ENTRY_FREE)
                return &results.entries[i];
        if (!let_go_of_one())
            break;
    }
    return NULL;
}

void results_keep(int fd, size_t bytes, uint64_t digest) {
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_lock(&results.lock);
    struct entry *entry = own >= 0 ? free_entry() : NULL;
    if (entry) {
        *entry = (struct entry){
            .state = ENTRY_PRIVATE,
            .result.fd = own,
            .bytes = bytes,
            .digest = digest,
            .used = ++results.clock,
        };
        own = -1;
    } else {
        results.claimed -= bytes; /* it is not known when that ends */
    }
    pthread_mutex_unlock(&results.lock);
    if (own >= 0)
        close(own);
}

static bool holds_same(int fd, int other) {
    struct stat info, others;
    char bytes[4096], theirs[4096];
    if (fstat(fd, &info) != 0 || fstat(other, &others) != 0 || info.st_size != others.st_size ||
        info.st_mode != others.st_mode || info.st_uid != others.st_uid ||
        info.st_gid != others.st_gid)
        return false;
    for (off_t at = 0; at < info.st_size; at += (off_t)sizeof bytes) {
        ssize_t got = pread(fd, bytes, sizeof bytes, at);
        if (got <= 0 || pread(other, theirs, sizeof theirs, at) != got ||
            memcmp(bytes, theirs, (size_t)got) != 0)
            return false;
    }
    return true;
}

/* The next one with this digest, from entry *at on. */
static int next_like(uint64_t digest, uint32_t *at) {
    int fd = -1;
    pthread_mutex_lock(&results.lock);
    for (; fd < 0 && *at < ENTRIES; ++*at) {
        struct entry *entry = &results.entries[*at];
        if (entry->state != ENTRY_PRIVATE || entry->digest != digest)
            continue;
        entry->used = ++results.clock;
        fd = fcntl(entry->result.fd, F_DUPFD_CLOEXEC, 0);
    }
    pthread_mutex_unlock(&results.lock);
    return fd;
}

int results_like(int fd, uint64_t digest) {
    uint32_t at = 0;
    int other;
    while ((other = next_like(digest, &at)) >= 0) {
        if (holds_same(fd, other))
            return other;
        close(other);
    }
    return -1;
}

/* ---- given again ---- */

static bool is_same(const struct source *a, const struct source *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->rule == b->rule && a->uid == b->uid && a->gid == b->gid &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Could it be changed now and have the same times as before? */
static bool is_recent(struct timespec time) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t passed = (now.tv_sec - time.tv_sec) * 1000000000LL + now.tv_nsec - time.tv_nsec;
    return passed < (time.tv_nsec % 1000000 == 0 ? COARSE_NS : FINE_NS);
}

bool source_read(int fd, struct source *source) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (size_t)info.st_size < RESULTS_FROM)
        return false;
    *source = (struct source){
        .device = info.st_dev,
        .inode = info.st_ino,
        .size = (uint64_t)info.st_size,
        .modified = info.st_mtim,
        .changed = info.st_ctim,
    };
    return !is_recent(info.st_mtim) && !is_recent(info.st_ctim);
}

static struct entry *find(const struct source *source) {
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct entry *entry = &results.entries[i];
        if ((entry->state == ENTRY_MAKING || entry->state == ENTRY_SHARED) &&
            is_same(&entry->source, source))
            return entry;
    }
    return NULL;
}

/* Of a file that has changed nobody asks for the old one any more. */
static void forget_older(const struct source *source) {
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct entry *entry = &results.entries[i];
        if (entry->state == ENTRY_SHARED && entry->source.device == source->device &&
            entry->source.inode == source->inode && entry->source.rule == source->rule &&
            entry->source.uid == source->uid && entry->source.gid == source->gid &&
            !is_same(&entry->source, source)) {
            entry->state = ENTRY_PRIVATE;
            entry->used = 0;
        }
    }
}

int results_begin(const struct source *source, struct result *result) {
    int answer;
    pthread_mutex_lock(&results.lock);
    struct entry *entry;
    while ((entry = find(source)) && entry->state == ENTRY_MAKING)
        pthread_cond_wait(&results.made, &results.lock);
    if (entry) {
        entry->used = ++results.clock;
        *result = entry->result;
        if (result->fd >= 0)
            result->fd = fcntl(result->fd, F_DUPFD_CLOEXEC, 0);
        answer = result->fd < 0 && entry->result.fd >= 0 ? -ENOMEM : 1;
    } else {
        forget_older(source);
        entry = free_entry();
        answer = entry ? 0 : -ENOMEM;
        if (entry)
            *entry = (struct entry){
                .state = ENTRY_MAKING, .result.fd = -1, .used = ++results.clock, .source = *source};
    }
    pthread_mutex_unlock(&results.lock);
    return answer;
}

void results_end(const struct source *source, const struct source *again,
                 const struct result *result, size_t bytes) {
    int own = result->fd >= 0 ? fcntl(result->fd, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_lock(&results.lock);
    struct entry *entry = find(source);
    const bool lost = own < 0 && result->fd >= 0;
    const bool shared = again && is_same(source, again) && !lost;
    entry->bytes = bytes;
    entry->result = *result;
    entry->result.fd = own;
    entry->state = shared ? ENTRY_SHARED : ENTRY_PRIVATE;
    if (!shared && own < 0)
        let_go(entry);
    pthread_cond_broadcast(&results.made);
    pthread_mutex_unlock(&results.lock);
}
