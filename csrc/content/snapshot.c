/* snapshot.c - makes sealed files of text, and knows them again.
 * Rule: known by the name that the kernel keeps for each, so that dup, fork, SCM_RIGHTS and the
 * death of a worker change nothing. */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "table_name.h"

#define NO_WRITING (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int write_all(int fd, const char *text, size_t length) {
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

/* As far as we may: EPERM for an ordinary user, who is its owner; EINVAL where our user namespace
 * has no such id, and could not show it either. Then it stays ours. */
static int give(int fd, uid_t uid, gid_t gid) {
    return fchown(fd, uid, gid) == 0 || errno == EPERM || errno == EINVAL ? 0 : -errno;
}

static int set_owner(int fd, uid_t uid, gid_t gid) {
    if (fchown(fd, uid, gid) == 0)
        return 0;
    int error = give(fd, uid, (gid_t)-1);
    return error == 0 ? give(fd, (uid_t)-1, gid) : error;
}

/* A program that could seal it, by whatever seal, would take it away from the next one. Nobody can
 * if it was made without that right; but vm.memfd_noexec gives it to all, and what a traced program
 * says it has made may be another file. */
static bool cannot_be_sealed(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals >= 0 && !(seals & K_F_SEAL_SEAL)) {
        fcntl(fd, F_ADD_SEALS, K_F_SEAL_SEAL);
        seals = fcntl(fd, F_GET_SEALS);
    }
    return seals < 0 || (seals & ~K_F_SEAL_EXEC) == K_F_SEAL_SEAL; /* < 0: there are no seals */
}

/* Owner, permissions and seals; never a setuid or setgid bit, for a program of who made it. gVisor
 * may lack seals; then the permissions have to do. */
static int finish(int fd, const struct snapshot_kind *kind) {
    int error = set_owner(fd, kind->uid, kind->gid);
    if (error != 0)
        return error;
    if (fchmod(fd, kind->mode & 01777) != 0)
        return -errno;
    if (kind->writable)
        return cannot_be_sealed(fd) ? 0 : -EPERM;
    if (fcntl(fd, F_ADD_SEALS, NO_WRITING) != 0 && errno != EINVAL && errno != ENOSYS)
        return -errno;
    return 0;
}

int open_again(int fd, int flags) {
    char entry[64];
    snprintf(entry, sizeof entry, "/proc/self/fd/%d", fd);
    int opened = open(entry, flags | O_CLOEXEC);
    return opened < 0 ? -errno : opened;
}

int memory_file(const char *name, const void *bytes, size_t length, bool sealable) {
    int fd =
        (int)syscall(SYS_memfd_create, name, K_MFD_CLOEXEC | (sealable ? K_MFD_ALLOW_SEALING : 0));
    if (fd < 0)
        return -errno;
    int error = write_all(fd, bytes, length);
    if (error == 0)
        return fd;
    close(fd);
    return error;
}

int snapshot_new(const char *name, bool sealable) {
    size_t length = strlen(name);
    if (length > SNAPSHOT_NAME_MAX)
        name += length - SNAPSHOT_NAME_MAX;
    return memory_file(name, NULL, 0, sealable);
}

int snapshot_finish(int fd, const struct snapshot_kind *kind) {
    /* Opened again before it may be forbidden. */
    int opened = open_again(fd, kind->writable ? O_RDWR : O_RDONLY);
    int result = opened < 0 ? opened : finish(fd, kind);
    close(fd);
    if (result != 0 && opened >= 0)
        close(opened);
    return result == 0 ? opened : result;
}

int snapshot_make(const char *name, const char *text, size_t length,
                  const struct snapshot_kind *kind) {
    /* What a program writes to stays writable for the next one: it seals nothing. */
    int fd = snapshot_new(name, !kind->writable);
    int error = fd < 0 ? fd : write_all(fd, text, length);
    if (error == 0)
        return snapshot_finish(fd, kind);
    if (fd >= 0)
        close(fd);
    return error;
}

/* Small files, mostly: sendfile(2) would make a pipe for them first. */
static int copy_part(int from, int to, off_t offset, off_t end) {
    char bytes[8192];
    while (offset < end) {
        size_t wanted = end - offset < (off_t)sizeof bytes ? (size_t)(end - offset) : sizeof bytes;
        ssize_t got = pread(from, bytes, wanted, offset);
        ssize_t put = got > 0 ? pwrite(to, bytes, (size_t)got, offset) : got;
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        offset += put;
    }
    return 0;
}

/* By a descriptor whose position is nobody else's. Where holes cannot be asked for, all is data. */
static int copy_data(int from, int to, off_t length) {
    off_t begin, end = 0;
    while (end < length) {
        begin = lseek(from, end, SEEK_DATA);
        if (begin < 0 && errno == ENXIO)
            break; /* a hole to its end */
        if (begin < 0 && length > SNAPSHOT_COPY_MAX)
            return -EFBIG;
        begin = begin < 0 ? end : begin;
        end = lseek(from, begin, SEEK_HOLE);
        if (end < 0 || end > length)
            end = length;
        int error = copy_part(from, to, begin, end);
        if (error != 0)
            return error;
    }
    return ftruncate(to, length) == 0 ? 0 : -errno;
}

static int copy_with_holes(int snapshot, int to, off_t length) {
    int from = open_again(snapshot, O_RDONLY);
    int error = from < 0 ? from : copy_data(from, to, length);
    if (from >= 0)
        close(from);
    return error;
}

static int copy_all(int snapshot, int to, const struct stat *info) {
    bool readable = (fcntl(snapshot, F_GETFL) & O_ACCMODE) != O_WRONLY;
    bool has_holes = info->st_blocks * 512 < info->st_size;
    if (readable && !has_holes)
        return copy_part(snapshot, to, 0, info->st_size);
    return copy_with_holes(snapshot, to, info->st_size);
}

int64_t snapshot_data(int snapshot) {
    struct stat info;
    if (fstat(snapshot, &info) != 0)
        return -1;
    return (int64_t)info.st_blocks * 512;
}

int snapshot_copy(int snapshot, int memfd, bool writable) {
    struct stat info;
    if (fstat(snapshot, &info) != 0)
        return -errno;
    const struct snapshot_kind kind = {
        .mode = info.st_mode & 07777,
        .uid = info.st_uid,
        .gid = info.st_gid,
        .writable = writable,
    };
    int error = copy_all(snapshot, memfd, &info);
    return error != 0 ? error : finish(memfd, &kind);
}

const char *snapshot_path(char *link) {
    static const char prefix[] = "/memfd:", deleted[] = " (deleted)";
    size_t length = strlen(link), tail = sizeof deleted - 1;
    if (strncmp(link, prefix, sizeof prefix - 1) != 0)
        return NULL;
    if (length > tail && strcmp(link + length - tail, deleted) == 0)
        link[length - tail] = '\0';
    return link + sizeof prefix - 1;
}

bool snapshot_is_table(const char *link) {
    char copy[SNAPSHOT_NAME_MAX + 32];
    enum spoof_table table;
    size_t length = strlen(link);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, link, length + 1);
    const char *path = snapshot_path(copy);
    return path && table_by_name(path, &table);
}
