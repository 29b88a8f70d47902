/* statfs_layout.c - from the kernel's 64-bit statfs to the structure of the caller's ABI.
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

size_t layout_size(enum call_layout layout) {
    static const size_t sizes[] = {
        [LAYOUT_NATIVE] = sizeof(struct k_statfs),
        [LAYOUT_COMPAT] = sizeof(struct k_compat_statfs),
        [LAYOUT_COMPAT64] = sizeof(struct k_compat_statfs64),
    };
    return sizes[layout];
}

int layout_fill(enum call_layout layout, const struct k_statfs *info, union statfs_image *image) {
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

/* -1 stays -1: unknown. */
static uint64_t widened(uint32_t number) {
    return number == UINT32_MAX ? UINT64_MAX : number;
}

static void read_compat(const struct k_compat_statfs *image, struct k_statfs *info) {
    *info = (struct k_statfs){
        .f_type = image->f_type,
        .f_bsize = image->f_bsize,
        .f_blocks = image->f_blocks,
        .f_bfree = image->f_bfree,
        .f_bavail = image->f_bavail,
        .f_files = widened(image->f_files),
        .f_ffree = widened(image->f_ffree),
        .f_fsid = {image->f_fsid[0], image->f_fsid[1]},
        .f_namelen = image->f_namelen,
        .f_frsize = image->f_frsize,
        .f_flags = image->f_flags,
    };
}

static void read_compat64(const struct k_compat_statfs64 *image, struct k_statfs *info) {
    *info = (struct k_statfs){
        .f_type = image->f_type,
        .f_bsize = image->f_bsize,
        .f_blocks = image->f_blocks,
        .f_bfree = image->f_bfree,
        .f_bavail = image->f_bavail,
        .f_files = image->f_files,
        .f_ffree = image->f_ffree,
        .f_fsid = {image->f_fsid[0], image->f_fsid[1]},
        .f_namelen = image->f_namelen,
        .f_frsize = image->f_frsize,
        .f_flags = image->f_flags,
    };
}

void layout_read(enum call_layout layout, const union statfs_image *image, struct k_statfs *info) {
    switch (layout) {
    case LAYOUT_COMPAT:
        read_compat(&image->compat, info);
        return;
    case LAYOUT_COMPAT64:
        read_compat64(&image->compat64, info);
        return;
    case LAYOUT_NATIVE:
        break;
    }
    *info = image->native;
}
