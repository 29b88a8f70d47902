/* layout.c - from the kernel's 64-bit statfs to the structure of the caller's ABI.
 * Rule: the same tests and the same truncation as the kernel's own (fs/statfs.c, Linux 2.6 to 6.x):
 * blocks may not be cut, but the numbers of files may be -1. */
#include "layout.h"

#include <errno.h>
#include <stdbool.h>

#define HIGH_HALF 0xffffffff00000000ULL

static bool fits(uint64_t number) {
    return (number & HIGH_HALF) == 0;
}

static bool fits_or_unknown(uint64_t number) {
    return number == UINT64_MAX || fits(number);
}

static int fill_compat(const struct k_statfs *info, struct k_compat_statfs *image) {
    if (!fits(info->f_blocks | info->f_bfree | info->f_bavail | (uint64_t)info->f_bsize |
              (uint64_t)info->f_frsize) ||
        !fits_or_unknown(info->f_files) || !fits_or_unknown(info->f_ffree))
        return -EOVERFLOW;
    *image = (struct k_compat_statfs){
        .f_type = (uint32_t)info->f_type,
        .f_bsize = (uint32_t)info->f_bsize,
        .f_blocks = (uint32_t)info->f_blocks,
        .f_bfree = (uint32_t)info->f_bfree,
        .f_bavail = (uint32_t)info->f_bavail,
        .f_files = (uint32_t)info->f_files,
        .f_ffree = (uint32_t)info->f_ffree,
        .f_fsid = {info->f_fsid[0], info->f_fsid[1]},
        .f_namelen = (uint32_t)info->f_namelen,
        .f_frsize = (uint32_t)info->f_frsize,
        .f_flags = (uint32_t)info->f_flags,
    };
    return 0;
}

static int fill_compat64(const struct k_statfs *info, struct k_compat_statfs64 *image) {
    if (!fits((uint64_t)info->f_bsize | (uint64_t)info->f_frsize))
        return -EOVERFLOW;
    *image = (struct k_compat_statfs64){
        .f_type = (uint32_t)info->f_type,
        .f_bsize = (uint32_t)info->f_bsize,
        .f_blocks = info->f_blocks,
        .f_bfree = info->f_bfree,
        .f_bavail = info->f_bavail,
        .f_files = info->f_files,
        .f_ffree = info->f_ffree,
        .f_fsid = {info->f_fsid[0], info->f_fsid[1]},
        .f_namelen = (uint32_t)info->f_namelen,
        .f_frsize = (uint32_t)info->f_frsize,
        .f_flags = (uint32_t)info->f_flags,
    };
    return 0;
}

size_t layout_size(enum statfs_layout layout) {
    static const size_t sizes[] = {
        [LAYOUT_NATIVE] = sizeof(struct k_statfs),
        [LAYOUT_COMPAT] = sizeof(struct k_compat_statfs),
        [LAYOUT_COMPAT64] = sizeof(struct k_compat_statfs64),
    };
    return sizes[layout];
}

int layout_fill(enum statfs_layout layout, const struct k_statfs *info, union statfs_image *image) {
    switch (layout) {
    case LAYOUT_COMPAT:
        return fill_compat(info, &image->compat);
    case LAYOUT_COMPAT64:
        return fill_compat64(info, &image->compat64);
    case LAYOUT_NATIVE:
        break;
    }
    image->native = *info;
    return 0;
}
