/* same_file.c - remembers the latest small files in memory.
 * Rule: one lock, held while a file is compared or made, which nobody but us can hold up. A digest
 * finds a file, its bytes decide; who owns a file may have changed its permissions. */
#include "same_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"

#define ENTRIES 64U /* descriptors that are held */

struct entry {
    int fd; /* for reading, O_CLOEXEC; 0: none, which is no number of ours */
    uint64_t digest, used;
    mode_t mode; /* as it was made */
    uid_t uid;
    gid_t gid;
};

static struct {
    pthread_mutex_t lock;
    uint64_t clock;
    struct entry entries[ENTRIES];
} same = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t digest_of(const char *name, const char *text, size_t length,
                          const struct snapshot_kind *kind) {
    const uint64_t owner = ((uint64_t)kind->uid << 32 | kind->gid) ^ (uint64_t)kind->mode << 20;
    const uint64_t named = bytes_digest(DIGEST_BEGIN ^ owner, name, strlen(name) + 1);
    return bytes_digest(named, text, length);
}

static bool holds(const struct entry *entry, const char *text, size_t length) {
    char bytes[4096];
    struct stat info;
    if (fstat(entry->fd, &info) != 0 || (size_t)info.st_size != length ||
        info.st_mode != entry->mode || info.st_uid != entry->uid || info.st_gid != entry->gid)
        return false;
    for (size_t at = 0; at < length;) {
        const ssize_t got = pread(entry->fd, bytes, sizeof bytes, (off_t)at);
        if (got <= 0 || memcmp(bytes, text + at, (size_t)got) != 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

/* With the lock held: the file to open again, or the entry that was used the longest time ago. */
static struct entry *find(uint64_t digest, const char *text, size_t length, bool *found) {
    struct entry *oldest = same.entries;
    for (struct entry *entry = same.entries; entry < same.entries + ENTRIES; entry++) {
        *found = entry->fd > 0 && entry->digest == digest && holds(entry, text, length);
        if (*found)
            return entry;
        if (entry->used < oldest->used)
            oldest = entry;
    }
    return oldest;
}

static void note(struct entry *entry, int fd, uint64_t digest) {
    struct stat info;
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 1);
    if (own < 0 || fstat(own, &info) != 0) {
        if (own >= 0)
            close(own);
        return;
    }
    if (entry->fd > 0)
        close(entry->fd);
    *entry = (struct entry){own, digest, ++same.clock, info.st_mode, info.st_uid, info.st_gid};
}

int same_file(const char *name, const char *text, size_t length, const struct snapshot_kind *kind) {
    if (kind->writable)
        return snapshot_make(name, text, length, kind);
    const uint64_t wanted = digest_of(name, text, length, kind);
    bool found;
    pthread_mutex_lock(&same.lock);
    struct entry *entry = find(wanted, text, length, &found);
    int fd = found ? open_again(entry->fd, O_RDONLY) : -1;
    if (fd >= 0) {
        entry->used = ++same.clock;
    } else {
        fd = snapshot_make(name, text, length, kind);
        if (fd >= 0)
            note(entry, fd, wanted);
    }
    pthread_mutex_unlock(&same.lock);
    return fd;
}
