/* stat_layout.c - from the kernel's own struct stat to the one of the caller's ABI.
 * Rule: what a structure cannot hold is cut off as the kernel does it (stat64(2) never fails for
 * that); a structure that is not known here belongs to a call that is not stopped. */
#include "layout.h"

#include <stddef.h>

/* libc's structure is the kernel's on these machines; the raw call fills it. */
#if defined(__x86_64__)
_Static_assert(sizeof(struct stat) == 144, "struct stat of asm/stat.h");
#elif defined(__aarch64__)
_Static_assert(sizeof(struct stat) == 128, "struct stat of asm-generic/stat.h");
#endif
_Static_assert(offsetof(struct k_compat_stat64, size) == 44 &&
                   offsetof(struct k_compat_stat64, blocks) == 56 &&
                   offsetof(struct k_compat_stat64, inode) == 88,
               "64-bit numbers of i386 are aligned to four bytes");

static void fill_compat64(const struct stat *info, struct k_compat_stat64 *image) {
    *image = (struct k_compat_stat64){
        .dev = info->st_dev,
        .low_inode = (uint32_t)info->st_ino,
        .mode = info->st_mode,
        .nlink = (uint32_t)info->st_nlink,
        .uid = info->st_uid,
        .gid = info->st_gid,
        .rdev = info->st_rdev,
        .size = info->st_size,
        .blksize = (uint32_t)info->st_blksize,
        .blocks = (uint64_t)info->st_blocks,
        .atime = (uint32_t)info->st_atim.tv_sec,
        .atime_nsec = (uint32_t)info->st_atim.tv_nsec,
        .mtime = (uint32_t)info->st_mtim.tv_sec,
        .mtime_nsec = (uint32_t)info->st_mtim.tv_nsec,
        .ctime = (uint32_t)info->st_ctim.tv_sec,
        .ctime_nsec = (uint32_t)info->st_ctim.tv_nsec,
        .inode = info->st_ino,
    };
}

size_t stat_layout_fill(enum call_layout layout, const struct stat *info, union stat_image *image) {
    if (layout == LAYOUT_COMPAT64) {
        fill_compat64(info, &image->compat64);
        return sizeof image->compat64;
    }
    image->native = *info;
    return sizeof image->native;
}
