/* tracee.c - what the floor needs of the thread that was stopped: its mount table, its files. */
#include "floor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The type column of one line, behind ` - `. Returns the line's new length. */
static size_t change_line(char *to, const char *line, size_t length) {
    static const char was[] = " - tmpfs ", now[] = " - ext4 ";
    const char *column = memmem(line, length, was, sizeof was - 1);
    if (column == NULL) {
        memcpy(to, line, length);
        return length;
    }
    size_t before = (size_t)(column - line), after = length - before - (sizeof was - 1);
    memcpy(to, line, before);
    memcpy(to + before, now, sizeof now - 1);
    memcpy(to + before + sizeof now - 1, column + sizeof was - 1, after);
    return length - (sizeof was - sizeof now);
}

static size_t change_table(char *to, const char *table, size_t length) {
    size_t put = 0;
    for (const char *line = table, *end = table + length; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = stop == NULL ? (size_t)(end - line) : (size_t)(stop - line) + 1;
        put += change_line(to + put, line, size);
        line += size;
    }
    return put;
}

/* open + reads + close, memfd_create + write; the offset stays at the begin */
int mount_table(uint32_t tid) {
    static char table[4 << 20], changed[4 << 20];
    char path[64];
    size_t length = 0;
    ssize_t got = -1;
    snprintf(path, sizeof path, "/proc/%u/mountinfo", tid);
    int source = open(path, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return -1;
    while ((got = read(source, table + length, sizeof table - length)) > 0)
        length += (size_t)got;
    close(source);
    length = change_table(changed, table, length);
    int file = got == 0 ? memfd_create("mountinfo", MFD_CLOEXEC) : -1;
    if (file >= 0 && pwrite(file, changed, length, 0) != (ssize_t)length) {
        close(file);
        return -1;
    }
    return file;
}

/* Kept: a look at a descriptor then costs one call. */
static struct {
    uint32_t tid;
    int pidfd;
} kept[1024];

static int take(uint32_t tid, int fd) {
    return kept[tid % 1024].tid == tid
               ? (int)syscall(SYS_pidfd_getfd, kept[tid % 1024].pidfd, fd, 0)
               : -1;
}

int descriptor_of(uint32_t tid, int fd) {
    int taken = take(tid, fd);
    if (taken >= 0)
        return taken;
    /* Never seen, or dead and its number used again; before Linux 6.9 only first threads. */
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, K_PIDFD_THREAD);
    if (pidfd < 0)
        pidfd = (int)syscall(K_NR_PIDFD_OPEN, tid, 0);
    if (pidfd < 0)
        return -1;
    if (kept[tid % 1024].tid != 0)
        close(kept[tid % 1024].pidfd);
    kept[tid % 1024].tid = tid;
    kept[tid % 1024].pidfd = pidfd;
    return take(tid, fd);
}
