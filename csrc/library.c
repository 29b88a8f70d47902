/* library.c - the parts of libseccomp_spoof.so that are no policy: memfds, statistics, execve.
 * Rule: nothing here keeps state between two calls or starts a thread; Node stays what it was. */
#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "content/snapshot.h"
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
    int fd = memory_file(name, bytes, length, true);
    if (fd >= 0 && seal &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
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

/* A copy of the counters at `offset` of a segment. 0 or -errno. */
static int32_t read_segment(int32_t fd, size_t offset, void *counters, size_t length) {
    struct segment *segment = segment_map(fd, false);
    if (!segment)
        return -errno;
    memcpy(counters, (const uint8_t *)segment + offset, length);
    munmap(segment, sizeof *segment);
    return 0;
}

/* The fields of struct spoof_counters are those of enum counter, in its order. */
_Static_assert(offsetof(struct spoof_counters, stopped) == 8UL * COUNTER_STOPPED &&
                   offsetof(struct spoof_counters, reserved) == 8UL * COUNTER_COUNT,
               "counters of the segment are copied as they are");

int32_t spoof_segment_counters(int32_t segment_fd, struct spoof_counters *counters) {
    memset(counters->reserved, 0, sizeof counters->reserved);
    return read_segment(segment_fd, offsetof(struct segment, counters), counters,
                        offsetof(struct spoof_counters, reserved));
}

int64_t spoof_segment_rule_hits(int32_t segment_fd, uint32_t rule) {
    int64_t hits = 0;
    if (rule >= SEGMENT_RULES)
        return -ENOENT;
    int32_t error =
        read_segment(segment_fd, offsetof(struct segment, rule_hits[rule]), &hits, sizeof hits);
    return error ? error : hits;
}

/* A count that has a name; `offset`: in the segment. */
static int64_t named_count(int32_t segment_fd, size_t offset, const char *called, char *name,
                           uint64_t capacity) {
    int64_t count = 0;
    int32_t error = read_segment(segment_fd, offset, &count, sizeof count);
    if (error == 0)
        give_text(name, capacity, called);
    return error ? error : count;
}

int64_t spoof_segment_fallback(int32_t segment_fd, uint32_t reason, char *name, uint64_t capacity) {
    if (reason >= FALLBACK_COUNT)
        return -ENOENT;
    return named_count(segment_fd, offsetof(struct segment, fallbacks[reason]),
                       fallback_name(reason), name, capacity);
}

int64_t spoof_segment_inline(int32_t segment_fd, uint32_t outcome, char *name, uint64_t capacity) {
    if (outcome >= INLINE_COUNT)
        return -ENOENT;
    return named_count(segment_fd, offsetof(struct segment, inlined[outcome]),
                       inline_outcome_name(outcome), name, capacity);
}
