/* segment.c - makes, maps and reads the shared segment.
 * Rule: a segment of another version is refused; nothing here waits. */
#include "segment.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"

int segment_create(void) {
    const struct segment_head head = {SEGMENT_MAGIC, SEGMENT_VERSION, sizeof(struct segment)};
    int fd = (int)syscall(SYS_memfd_create, "seccomp-spoof-segment", K_MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (ftruncate(fd, sizeof(struct segment)) == 0 &&
        pwrite(fd, &head, sizeof head, 0) == sizeof head)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

struct segment *segment_map(int fd, bool writable) {
    /* Not fstat(2): before glibc 2.33 that was not a function, and the library is loaded there. */
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0)
        return NULL;
    if ((uint64_t)size < sizeof(struct segment)) {
        errno = EINVAL;
        return NULL;
    }
    struct segment *segment = mmap(
        NULL, sizeof *segment, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (segment == MAP_FAILED)
        return NULL;
    const struct segment_head *head = &segment->head;
    if (head->magic == SEGMENT_MAGIC && head->version == SEGMENT_VERSION &&
        head->size == sizeof *segment)
        return segment;
    munmap(segment, sizeof *segment);
    errno = EINVAL;
    return NULL;
}
