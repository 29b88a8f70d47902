/* segment.c - makes, maps and reads the shared segment.
 * Rule: a segment of another version is refused; nothing here waits. */
#include "segment.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"

int segment_create(void) {
    int fd = (int)syscall(SYS_memfd_create, "seccomp-spoof-segment", K_MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, sizeof(struct segment)) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    struct segment *segment = segment_map(fd, true);
    if (!segment) {
        int error = errno;
        close(fd);
        return -error;
    }
    munmap(segment, sizeof *segment);
    return fd;
}

struct segment *segment_map(int fd, bool writable) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return NULL;
    if ((uint64_t)info.st_size < sizeof(struct segment)) {
        errno = EINVAL;
        return NULL;
    }
    void *memory = mmap(NULL, sizeof(struct segment), writable ? PROT_READ | PROT_WRITE : PROT_READ,
                        MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return NULL;
    struct segment *segment = memory;
    if (writable && segment->magic == 0) {
        segment->version = SEGMENT_VERSION;
        segment->size = sizeof *segment;
        segment->magic = SEGMENT_MAGIC;
    }
    if (segment->magic != SEGMENT_MAGIC || segment->version != SEGMENT_VERSION ||
        segment->size != sizeof *segment) {
        munmap(memory, sizeof *segment);
        errno = EINVAL;
        return NULL;
    }
    return segment;
}
