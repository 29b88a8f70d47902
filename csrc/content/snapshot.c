/* snapshot.c - makes sealed files of text, and knows them again.
 * Rule: known by the name that the kernel keeps for each, so that dup, fork, SCM_RIGHTS and the
 * death of a worker change nothing. */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "table_name.h"

#define NO_WRITING (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int write_all(int fd, const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -ENOSPC;
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

/* Owner, permissions and seals. gVisor may lack seals; then the permissions have to do. */
static int finish(int fd, const struct stat *like) {
    mode_t mode = like->st_mode & 0777 & ~(mode_t)(S_IWUSR | S_IWGRP | S_IWOTH);
    if (fchown(fd, like->st_uid, like->st_gid) != 0 && errno != EPERM)
        return -errno; /* EPERM: an ordinary user, who is its owner */
    if (fchmod(fd, mode) != 0)
        return -errno;
    if (fcntl(fd, F_ADD_SEALS, NO_WRITING) != 0 && errno != EINVAL && errno != ENOSYS)
        return -errno;
    return 0;
}

/* Its own description: another offset, and for reading only. */
static int open_for_reading(int fd) {
    char entry[64];
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", fd);
    int opened = open(entry, O_RDONLY | O_CLOEXEC);
    return opened < 0 ? -errno : opened;
}

int snapshot_make(const char *name, const char *text, size_t length, const struct stat *like) {
    size_t long_name = strlen(name);
    if (long_name > SNAPSHOT_NAME_MAX)
        name += long_name - SNAPSHOT_NAME_MAX;
    int fd = (int)syscall(SYS_memfd_create, name, K_MFD_CLOEXEC | K_MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int result = write_all(fd, text, length);
    if (result == 0)
        result = finish(fd, like);
    if (result == 0)
        result = open_for_reading(fd);
    close(fd);
    return result;
}

int snapshot_copy(int snapshot, int memfd) {
    struct stat info;
    if (fstat(snapshot, &info) != 0)
        return -errno;
    off_t offset = 0;
    while (offset < info.st_size) {
        ssize_t sent = sendfile(memfd, snapshot, &offset, (size_t)(info.st_size - offset));
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return sent < 0 ? -errno : -EIO;
    }
    return finish(memfd, &info);
}

bool snapshot_is_table(const char *link) {
    static const char prefix[] = "/memfd:", deleted[] = " (deleted)";
    char name[SNAPSHOT_NAME_MAX + sizeof deleted];
    size_t length = strlen(link);
    if (strncmp(link, prefix, sizeof prefix - 1) != 0 ||
        length - (sizeof prefix - 1) >= sizeof name)
        return false;
    memcpy(name, link + sizeof prefix - 1, length - (sizeof prefix - 1) + 1);
    length = strlen(name);
    size_t tail = sizeof deleted - 1;
    if (length > tail && strcmp(name + length - tail, deleted) == 0)
        name[length - tail] = '\0';
    enum spoof_table table;
    return table_by_name(name, &table);
}
