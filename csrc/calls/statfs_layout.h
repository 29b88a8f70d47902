/* statfs_layout.h - the structure that a statfs call of some ABI fills. */
#ifndef SPOOF_STATFS_LAYOUT_H
#define SPOOF_STATFS_LAYOUT_H

#include "../arch/kernel.h"
#include "../arch/call_table.h"

union statfs_image {
    struct k_statfs native;
    struct k_compat_statfs compat;
    struct k_compat_statfs64 compat64;
};

/* Bytes that a call with this layout writes. */
size_t layout_size(enum call_layout layout);
/* Fills `image` as the kernel would: 0, or -EOVERFLOW if a number does not fit (statfs(2)). */
int layout_fill(enum call_layout layout, const struct k_statfs *info, union statfs_image *image);

/* The other way: what the kernel has written for its caller. */
void layout_read(enum call_layout layout, const union statfs_image *image, struct k_statfs *info);

#endif
