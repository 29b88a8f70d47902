/* path_calls.h - the calls of agreement.c: by number, or through libc where SUBJECT_LIBC says so.
 * What a machine has no call for is asked by the more general one, as libc does it. */
#ifndef PATH_CALLS_H
#define PATH_CALLS_H

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What stat says, whatever the structure was. */
struct facts {
    unsigned mode, links, uid, gid;
    unsigned long long size;
};

#if defined(__i386__) && !defined(SUBJECT_LIBC)
/* struct stat64 of asm/stat.h */
struct raw_stat {
    unsigned long long dev;
    unsigned char pad0[4];
    unsigned long low_inode;
    unsigned mode, links;
    unsigned long uid, gid;
    unsigned long long rdev;
    unsigned char pad1[4];
    long long size;
    unsigned long rest[9];
    unsigned long long inode;
};
_Static_assert(sizeof(struct raw_stat) == 96, "struct stat64");

static struct facts facts_of(const struct raw_stat *info) {
    struct facts facts = {info->mode, info->links, (unsigned)info->uid, (unsigned)info->gid,
                          (unsigned long long)info->size};
    return facts;
}
#else
#define raw_stat stat
static struct facts facts_of(const struct stat *info) {
    struct facts facts = {info->st_mode, (unsigned)info->st_nlink, info->st_uid, info->st_gid,
                          (unsigned long long)info->st_size};
    return facts;
}
#endif

#ifdef SUBJECT_LIBC
#define CALL_FSTATAT(directory, path, info, flags) fstatat(directory, path, info, flags)
#define CALL_STAT(path, info) stat(path, info)
#define CALL_LSTAT(path, info) lstat(path, info)
#define CALL_STATX(directory, path, flags, mask, info) statx(directory, path, flags, mask, info)
#define CALL_ACCESS(path, mode) access(path, mode)
#define CALL_FACCESSAT(directory, path, mode) faccessat(directory, path, mode, 0)
#define CALL_FACCESSAT2(directory, path, mode, flags) faccessat(directory, path, mode, flags)
#define CALL_READLINK(path, text, size) readlink(path, text, size)
#define CALL_READLINKAT(directory, path, text, size) readlinkat(directory, path, text, size)
#define CALL_TRUNCATE(path, length) truncate(path, length)
#else
#ifdef __i386__
#define NR_FSTATAT SYS_fstatat64
#define NR_STAT SYS_stat64
#define NR_LSTAT SYS_lstat64
#else
#define NR_FSTATAT SYS_newfstatat
#ifdef SYS_stat
#define NR_STAT SYS_stat
#define NR_LSTAT SYS_lstat
#endif
#endif
#define CALL_FSTATAT(directory, path, info, flags) syscall(NR_FSTATAT, directory, path, info, flags)
#ifdef NR_STAT
#define CALL_STAT(path, info) syscall(NR_STAT, path, info)
#define CALL_LSTAT(path, info) syscall(NR_LSTAT, path, info)
#define CALL_ACCESS(path, mode) syscall(SYS_access, path, mode)
#define CALL_READLINK(path, text, size) syscall(SYS_readlink, path, text, size)
#else
#define CALL_STAT(path, info) CALL_FSTATAT(AT_FDCWD, path, info, 0)
#define CALL_LSTAT(path, info) CALL_FSTATAT(AT_FDCWD, path, info, AT_SYMLINK_NOFOLLOW)
#define CALL_ACCESS(path, mode) syscall(SYS_faccessat, AT_FDCWD, path, mode)
#define CALL_READLINK(path, text, size) syscall(SYS_readlinkat, AT_FDCWD, path, text, size)
#endif
#define CALL_STATX(directory, path, flags, mask, info)                                             \
    syscall(SYS_statx, directory, path, flags, mask, info)
#define CALL_FACCESSAT(directory, path, mode) syscall(SYS_faccessat, directory, path, mode)
#define CALL_FACCESSAT2(directory, path, mode, flags) syscall(439, directory, path, mode, flags)
#define CALL_READLINKAT(directory, path, text, size)                                               \
    syscall(SYS_readlinkat, directory, path, text, size)
#define CALL_TRUNCATE(path, length) syscall(SYS_truncate, path, length)
#endif

#endif
