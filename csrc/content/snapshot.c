/* snapshot.c - makes sealed files of text, and knows them again.
 * Rule: known by the name that the kernel keeps for each, so that dup, fork, SCM_RIGHTS and the
 * death of a worker change nothing. */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
static int finish(int fd, const struct snapshot_kind *kind) {
    if (fchown(fd, kind->uid, kind->gid) != 0 && errno != EPERM)
        return -errno; /* EPERM: an ordinary user, who is its owner */
    if (fchmod(fd, kind->mode) != 0)
        return -errno;
    if (!kind->writable && fcntl(fd, F_ADD_SEALS, NO_WRITING) != 0 && errno != EINVAL &&
        errno != ENOSYS)
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

int snapshot_make(const char *name, const char *text, size_t length,
                  const struct snapshot_kind *kind) {
    size_t long_name = strlen(name);
    if (long_name > SNAPSHOT_NAME_MAX)
        name += long_name - SNAPSHOT_NAME_MAX;
    /* What a program writes to stays writable for the next one: it seals nothing. */
    int fd = memory_file(name, text, length, !kind->writable);
    if (fd < 0)
        return fd;
    /* Opened again before it may be forbidden. */
    int opened = open_again(fd, kind->writable ? O_RDWR : O_RDONLY);
    int result = opened < 0 ? opened : finish(fd, kind);
    close(fd);
    if (result != 0 && opened >= 0)
        close(opened);
    return result == 0 ? opened : result;
}

/* Small files, mostly: sendfile(2) would make a pipe for them first. */
static int copy_all(int from, int to, off_t length) {
    char bytes[8192];
    int error = 0;
    for (off_t offset = 0; error == 0 && offset < length;) {
        ssize_t got = pread(from, bytes, sizeof bytes, offset);
        if (got > 0)
            error = write_all(to, bytes, (size_t)got);
        else if (got == 0 || errno != EINTR)
            error = got < 0 ? -errno : -EIO;
        offset += got > 0 ? got : 0;
    }
    return error;
}

int snapshot_copy(int snapshot, int memfd, bool writable) {
    struct stat info;
    bool readable = (fcntl(snapshot, F_GETFL) & O_ACCMODE) != O_WRONLY;
    int source = readable ? snapshot : open_again(snapshot, O_RDONLY);
    if (source < 0)
        return source;
    int error = fstat(source, &info) == 0 ? 0 : -errno;
    if (error == 0)
        error = copy_all(source, memfd, info.st_size);
    if (!readable)
        close(source);
    const struct snapshot_kind kind = {
        .mode = info.st_mode & 07777,
        .uid = info.st_uid,
        .gid = info.st_gid,
        .writable = writable,
    };
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
