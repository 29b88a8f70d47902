/* library.c - the parts of libseccomp_spoof.so that are no policy: memfds, statistics, execve.
 * Rule: nothing here keeps state between two calls or starts a thread; Node stays what it was. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/kernel.h"
#include "supervisor/segment.h"

int32_t give_text(char *to, uint64_t capacity, const char *text) {
    size_t length = strlen(text);
    if (to && capacity) {
        size_t kept = length < capacity ? length : (size_t)capacity - 1;
        memcpy(to, text, kept);
        to[kept] = '\0';
    }
    return (int32_t)length;
}

int32_t spoof_memfd(const char *name, const uint8_t *bytes, uint64_t length, int32_t seal) {
    int fd = (int)syscall(SYS_memfd_create, name, K_MFD_CLOEXEC | K_MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    for (uint64_t done = 0; done < length;) {
        ssize_t written = write(fd, bytes + done, length - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            int error = written < 0 ? errno : ENOSPC;
            close(fd);
            return -error;
        }
        done += (uint64_t)written;
    }
    if (seal && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

int32_t spoof_segment_new(void) {
    return segment_create();
}

/* Pointers to the strings of a block that an empty string ends; NULL if memory is short. */
static char **strings_of(const char *block) {
    size_t count = 0;
    for (const char *text = block; *text; text += strlen(text) + 1)
        count++;
    char **strings = calloc(count + 1, sizeof *strings);
    if (!strings)
        return NULL;
    const char *text = block;
    for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
        strings[i] = (char *)(uintptr_t)text;
    return strings;
}

int32_t spoof_exec(const char *path, const char *argv_block, const char *envp_block,
                   const int32_t *keep, uint32_t keep_count) {
    char **argv = strings_of(argv_block);
    char **envp = strings_of(envp_block);
    int error = ENOMEM;
    if (argv && envp) {
        for (uint32_t i = 0; i < keep_count; i++)
            fcntl(keep[i], F_SETFD, 0);
        execve(path, argv, envp);
        error = errno;
        for (uint32_t i = 0; i < keep_count; i++)
            fcntl(keep[i], F_SETFD, FD_CLOEXEC);
    }
    free(argv);
    free(envp);
    return -error;
}

static struct segment *open_segment(int32_t fd) {
    return segment_map(fd, false);
}

int32_t spoof_segment_counters(int32_t segment_fd, struct spoof_counters *counters) {
    struct segment *segment = open_segment(segment_fd);
    if (!segment)
        return -errno;
    memset(counters, 0, sizeof *counters);
    counters->stopped = segment->counters[COUNTER_STOPPED];
    counters->answered = segment->counters[COUNTER_ANSWERED];
    counters->let_run = segment->counters[COUNTER_LET_RUN];
    counters->fallbacks = segment->counters[COUNTER_FALLBACKS];
    counters->gone = segment->counters[COUNTER_GONE];
    counters->given_up = segment->counters[COUNTER_GIVEN_UP];
    counters->worker_starts = segment->counters[COUNTER_WORKER_STARTS];
    counters->events_lost = segment->counters[COUNTER_EVENTS_LOST];
    munmap(segment, sizeof *segment);
    return 0;
}

int64_t spoof_segment_rule_hits(int32_t segment_fd, uint32_t rule) {
    if (rule >= SEGMENT_RULES)
        return -ENOENT;
    struct segment *segment = open_segment(segment_fd);
    if (!segment)
        return -errno;
    int64_t hits = (int64_t)segment->rule_hits[rule];
    munmap(segment, sizeof *segment);
    return hits;
}

int64_t spoof_segment_fallback(int32_t segment_fd, uint32_t reason, char *name, uint64_t capacity) {
    if (reason >= FALLBACK_COUNT)
        return -ENOENT;
    struct segment *segment = open_segment(segment_fd);
    if (!segment)
        return -errno;
    int64_t count = (int64_t)segment->fallbacks[reason];
    give_text(name, capacity, fallback_name(reason));
    munmap(segment, sizeof *segment);
    return count;
}
