/* delivery.c - hands a descriptor over in two steps, and finds out how far a dead worker has come.
 * Rule: the program never gets a number that was not added for this very call. Until the call is
 * answered the position of a file in memory says for which call it is (docs/decisions/0012). */
#include "delivery.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../mechanism/notify.h"
#include "../tracee/pidfd_cache.h"
#include "../tracee/proc_text.h"
#include "../tracee/rights.h"
#include "record.h"

#define ADDING (-1) /* the slot's `delivered`, until the number is known */

/* A position that no reader can have reached, and that differs from call to call. */
static off_t mark_of(const struct stopped_call *call) {
    const struct notify_stop *stop = call->stop;
    const uint64_t high = 1ULL << 62;
    return (off_t)(high | (stop->id & (high - 1)));
}

/* What becomes of a call whose descriptor the kernel did not put into the program. */
static void fail(struct segment *segment, struct stopped_call *call, const struct verdict *verdict,
                 int error) {
    const struct verdict other = undelivered(verdict->rule, verdict->closed);
    const struct verdict *recorded = verdict;
    int ended = -ENOENT;
    if (error == -EMFILE || error == -ENFILE || error == -ENOMEM) {
        ended = call->mechanism->answer(call, error); /* as its own open would fail */
    } else if (error != -ENOENT && error != -ESRCH && error != -EINPROGRESS) {
        record_instead(segment, verdict, &other);
        recorded = &other;
        ended = verdict_end(call, &other);
    }
    if (ended != 0)
        record_gone(segment, recorded);
}

void deliver(struct segment *segment, struct stopped_call *call, const struct verdict *verdict) {
    struct slot *slot = call->server->slot;
    const off_t mark = mark_of(call);
    bool marked = verdict->in_memory && lseek(verdict->fd, mark, SEEK_SET) == mark;
    slot->delivered = ADDING;
    int number = notify_add(call, verdict->fd, verdict->fd_flags);
    slot->delivered = number < 0 ? 0 : 1 + number;
    if (marked)
        lseek(verdict->fd, 0, SEEK_SET);
    close(verdict->fd);
    if (number < 0)
        fail(segment, call, verdict, number);
    else if (call->mechanism->answer(call, number) != 0)
        record_gone(segment, verdict);
}

/* ---- after a death ---- */

/* The position of a descriptor of the tracee, or -1. */
static off_t position(int directory, const char *number) {
    char text[64];
    long long value = -1;
    proc_text(directory, number, text, sizeof text);
    return sscanf(text, "pos: %lld", &value) == 1 ? (off_t)value : -1;
}

/* The number of the descriptor with this position, or -1. */
static int find_marked(const struct stopped_call *call, off_t mark) {
    char name[64];
    int number = -1;
    snprintf(name, sizeof name, "%d/fdinfo", call->tid);
    int fd = openat(call->server->context->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    for (const struct dirent *entry; number < 0 && (entry = readdir(directory));)
        if (position(dirfd(directory), entry->d_name) == mark)
            number = atoi(entry->d_name);
    closedir(directory);
    return number;
}

/* False: it cannot be had, so it is left there as it is. */
static bool remove_mark(const struct stopped_call *call, int number, off_t mark) {
    int pidfd = pidfd_of_thread(call->tid);
    int fd = pidfd < 0 ? -1 : (int)syscall(K_NR_PIDFD_GETFD, pidfd, number, 0);
    bool removed = fd >= 0 && (lseek(fd, 0, SEEK_CUR) != mark || lseek(fd, 0, SEEK_SET) == 0);
    if (fd >= 0)
        close(fd);
    if (pidfd >= 0)
        close(pidfd);
    return removed;
}

bool delivery_resume(struct stopped_call *call, struct slot *slot) {
    const off_t mark = mark_of(call);
    const int noted = slot->delivered;
    if (noted == 0 || rights_own(call->server) != 0)
        return false;
    int number = noted == ADDING ? find_marked(call, mark) : noted - 1;
    slot->delivered = 1 + number; /* before the mark is gone: we may die, too */
    bool added = number >= 0 && remove_mark(call, number, mark);
    rights_must_usual(call->server);
    if (added)
        call->mechanism->answer(call, number); /* else it is gone */
    else
        slot->delivered = 0;
    return added;
}
