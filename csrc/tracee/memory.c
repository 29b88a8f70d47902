/* memory.c - asks the kernel which pages of a tracee are there.
 * Rule: by move_pages(2) without targets, which moves nothing and waits for no page. */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL /* a larger one is asked more than once */
#define MOST_PAGES 17

/* ENOSYS; in gVisor EPERM without CAP_SYS_NICE. Nobody is refused for a page of one's own. */
static bool is_missing(void) {
    int status = 0;
    void *page = &status;
    return syscall(SYS_move_pages, 0, 1UL, &page, NULL, &status, 0) != 0;
}

bool memory_is_present(pid_t tid, uint64_t address, size_t length) {
    static _Atomic bool missing; /* the call */
    void *pages[MOST_PAGES];
    int status[MOST_PAGES];
    unsigned long count = 0;
    if (missing)
        return true;
    for (uint64_t page = address & ~(PAGE - 1); page < address + length; page += PAGE) {
        if (count == MOST_PAGES)
            return false;
        pages[count++] = (void *)(uintptr_t)page;
    }
    if (syscall(SYS_move_pages, tid, count, pages, NULL, status, 0) != 0) {
        const bool refused = errno == EPERM;
        missing = is_missing();
        /* Who may not ask may not read there, either, which fails at once and waits for nothing:
         * a program that is not dumpable, of an ordinary user. */
        return missing || refused;
    }
    for (unsigned long i = 0; i < count; i++)
        /* EFAULT: the page of zeros, or nothing at all; reading either never waits. */
        if (status[i] < 0 && status[i] != -EFAULT)
            return false;
    return true;
}

#define IS_OF_FILE (1ULL << 61) /* Documentation/admin-guide/mm/pagemap.rst */

bool memory_is_changed(int proc, pid_t tid, uint64_t address) {
    char name[32];
    uint64_t page = 0;
    snprintf(name, sizeof name, "%d/pagemap", tid);
    const int fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno != ENOENT;
    const ssize_t got = pread(fd, &page, sizeof page, (off_t)(address / PAGE * sizeof page));
    close(fd);
    return got != (ssize_t)sizeof page || !(page & IS_OF_FILE);
}
