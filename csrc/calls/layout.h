/* layout.h - the structures that calls of some ABI fill: statfs_layout.c, stat_layout.c,
 * sysinfo_layout.c. */
#ifndef SPOOF_LAYOUT_H
#define SPOOF_LAYOUT_H

#include <sys/stat.h>

#include "../arch/call_table.h"
#include "../arch/kernel.h"

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

union sysinfo_image {
    struct k_sysinfo native;
    struct k_compat_sysinfo compat;
};

/* sysinfo_layout.c: bytes that the call writes; both ways, as the kernel does it for 32-bit
 * programs, with larger units where a number would not fit. */
size_t sysinfo_size(enum call_layout layout);
void sysinfo_fill(enum call_layout layout, const struct k_sysinfo *info,
                  union sysinfo_image *image);
void sysinfo_read(enum call_layout layout, const union sysinfo_image *image,
                  struct k_sysinfo *info);

union stat_image {
    struct stat native;
    struct k_compat_stat64 compat64;
};

/* Fills `image` as the kernel would, and says how many bytes of it the call writes. */
size_t stat_layout_fill(enum call_layout layout, const struct stat *info, union stat_image *image);

#endif
