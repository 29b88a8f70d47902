/* int80.c - the bare calls of a 64-bit program that makes them by the 32-bit entry. */
#include "subject.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifdef SUBJECT_INT80
/* A 64-bit program may make 32-bit calls; what they point at has to lie below 4 GiB. */
struct low {
    char path[8192];
    struct __attribute__((packed, aligned(4))) {
        uint32_t type, bsize;
        uint64_t blocks, bfree, bavail, files, ffree;
        int fsid[2];
        uint32_t namelen, frsize, flags, spare[4];
    } fs;
};

static long int80(long number, long first, void *buffer) {
    struct low *low = buffer;
    long ret;
    __asm__ volatile("int $0x80"
                     : "=a"(ret)
                     : "a"(number), "b"(first), "c"(sizeof low->fs), "d"(&low->fs)
                     : "memory", "r8", "r9", "r10", "r11");
    if (ret >= 0)
        return ret;
    errno = (int)-ret;
    return -1;
}

static long call_low(const char *path, long fd, struct statfs *fs) {
    enum { STATFS64 = 268, FSTATFS64 = 269 };
    struct low *low = mmap(NULL, sizeof *low, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED)
        die("memory below 4 GiB");
    if (path)
        snprintf(low->path, sizeof low->path, "%s", path);
    long ret = path ? int80(STATFS64, (long)low->path, low) : int80(FSTATFS64, fd, low);
    int error = errno;
    if (ret == 0) {
        memset(fs, 0, sizeof *fs);
        fs->f_type = low->fs.type;
        fs->f_bsize = low->fs.bsize;
        fs->f_blocks = low->fs.blocks;
        fs->f_bfree = low->fs.bfree;
        fs->f_bavail = low->fs.bavail;
        fs->f_files = low->fs.files;
        fs->f_ffree = low->fs.ffree;
        memcpy(&fs->f_fsid, low->fs.fsid, sizeof low->fs.fsid);
        fs->f_namelen = low->fs.namelen;
        fs->f_frsize = low->fs.frsize;
        fs->f_flags = low->fs.flags;
    }
    munmap(low, sizeof *low);
    errno = error;
    return ret;
}

long raw_statfs(const void *path, void *buffer) {
    return call_low(path, -1, buffer);
}

long raw_fstatfs(long fd, void *buffer) {
    return call_low(NULL, fd, buffer);
}
#endif
