/* copies.c - remembers the latest copies. Rule: bounded; what is forgotten is copied once more. */
#include "copies.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../process/close_aside.h"
#include "../tracee/descriptor.h"
#include "../tracee/file_id.h"
#include "../tracee/identity.h"
#include "../tracee/rights.h"

#define MOST 64U

static struct {
    dev_t device; /* of files in memory: the same for both */
    ino_t held, copy;
    int number;
} copies[MOST];
static unsigned latest;

/* The kernel does not count who has a file that memfd_create(2) opened. A lock does: it stays until
 * the last copy of the program's descriptor is closed (is_idle() of results.c). */
static void lock(struct stopped_call *call, int number, int copy) {
    struct file_id id, found;
    if (file_id_read(copy, "", &id) != 0 || !close_aside_has_room())
        return;
    int pidfd = (int)syscall(K_NR_PIDFD_OPEN, identity_known_group(call), 0);
    int made = pidfd < 0 ? -1 : (int)syscall(K_NR_PIDFD_GETFD, pidfd, number, 0);
    const bool same =
        made >= 0 && file_id_read(made, "", &found) == 0 && file_id_equal(&id, &found);
    if (same)
        flock(made, LOCK_SH | LOCK_NB);
    if (same)
        close(made);
    else if (made >= 0)
        close_aside(made); /* another file has come to that number */
    if (pidfd >= 0)
        close(pidfd);
}

void copies_note(struct stopped_call *call, int held, int copy, int number) {
    struct stat info, made;
    if (fstat(held, &info) != 0 || fstat(copy, &made) != 0)
        return;
    lock(call, number, copy);
    latest = (latest + 1) % MOST;
    copies[latest].device = made.st_dev;
    copies[latest].held = info.st_ino;
    copies[latest].copy = made.st_ino;
    copies[latest].number = number;
}

/* 1, 0, or -1: it cannot be seen, for want of something of ours. */
static int is_file(struct server *server, pid_t tid, int number, const struct stat *file) {
    char entry[32];
    struct file_id found;
    snprintf(entry, sizeof entry, "fd/%d", number);
    rights_must_own_user(server);
    int fd = descriptor_of_entry(server->context, tid, entry);
    rights_must_usual(server);
    if (fd < 0)
        return error_is_ours(-fd) ? -1 : 0;
    const int error = file_id_read(fd, "", &found); /* fstat(2) may ask a FUSE server */
    close(fd);
    if (error != 0)
        return -1;
    return found.inode == file->st_ino && makedev(found.major, found.minor) == file->st_dev;
}

bool copies_may_be(struct server *server, pid_t tid, int number, const struct stat *file) {
    return is_file(server, tid, number, file) != 0;
}

int copies_find(struct server *server, pid_t tid, int held, struct stat *copy) {
    struct stat info;
    if (fstat(held, &info) != 0)
        return -1;
    for (unsigned i = 0; i < MOST; i++) {
        if (copies[i].held != info.st_ino || copies[i].copy == 0)
            continue;
        copy->st_dev = copies[i].device;
        copy->st_ino = copies[i].copy;
        if (is_file(server, tid, copies[i].number, copy) == 1)
            return copies[i].number;
    }
    return -1;
}
