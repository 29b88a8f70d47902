/* page_maps.c - asks the kernel about pages of a tracee, without touching them.
 * Rule: bounded. A map tells of the program that had the thread when it was opened; what is
 * forgotten is opened again. */
#include "page_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../tracee/fallback.h"
#include "../tracee/memory.h"
#include "../tracee/rights.h"

/* proc_pid_pagemap(5) */
#define PAGE_PRESENT (1ULL << 63)
#define PAGE_SWAPPED (1ULL << 62)
#define PAGE_OF_FILE (1ULL << 61) /* or shared */
#define PAGE_GUARDED (1ULL << 57) /* userfaultfd(2) waits for whoever writes; Linux 5.13 */
#define MOST_PAGES 17

#define KEPT 32U
static struct {
    pid_t tid; /* 0: free */
    int map;   /* -errno: it cannot be read */
} kept[KEPT];
static struct server *tracing;

void page_maps_begin(struct server *server) {
    tracing = server;
}

/* Of another user's program only its owner may open it. A descriptor, or -errno. */
static int open_map(struct server *server, pid_t tid) {
    char name[64];
    snprintf(name, sizeof name, "%d/pagemap", tid);
    if (rights_own(server) != 0)
        return -EPERM;
    int map = openat(server->context->proc, name, O_RDONLY | O_CLOEXEC);
    if (map < 0)
        map = -errno;
    rights_must_usual(server);
    return map;
}

static bool takes(int map, pid_t tid, uint64_t address, size_t length, bool swapped) {
    const uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);
    const uint64_t first = address / size, count = (address + length - 1) / size - first + 1;
    uint64_t pages[MOST_PAGES];
    if (map < 0 || length == 0 || count > MOST_PAGES ||
        pread(map, pages, count * sizeof *pages, (off_t)(first * sizeof *pages)) !=
            (ssize_t)(count * sizeof *pages))
        return memory_is_present(tid, address, length);
    for (uint64_t i = 0; i < count; i++)
        if (!(pages[i] & (PAGE_PRESENT | (swapped ? PAGE_SWAPPED : 0))) ||
            (pages[i] & (PAGE_OF_FILE | PAGE_GUARDED)))
            return false;
    return true;
}

bool page_map_takes(pid_t tid, uint64_t address, size_t length, bool swapped) {
    const unsigned place = (unsigned)tid % KEPT;
    if (!tracing)
        return memory_is_present(tid, address, length);
    if (kept[place].tid != tid) {
        page_map_forget(kept[place].tid);
        kept[place].map = open_map(tracing, tid);
        kept[place].tid = error_is_ours(-kept[place].map) ? 0 : tid;
    }
    return takes(kept[place].map, tid, address, length, swapped);
}

bool page_map_takes_once(struct server *server, pid_t tid, uint64_t address, size_t length) {
    const int map = open_map(server, tid);
    const bool answer = takes(map, tid, address, length, false);
    if (map >= 0)
        close(map);
    return answer;
}

void page_map_forget(pid_t tid) {
    const unsigned place = (unsigned)tid % KEPT;
    if (tid == 0 || kept[place].tid != tid)
        return;
    if (kept[place].map >= 0)
        close(kept[place].map);
    kept[place].tid = 0;
}
