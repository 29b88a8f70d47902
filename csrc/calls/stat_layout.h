/* stat_layout.h - the structure that a stat call of some ABI fills. */
#ifndef SPOOF_STAT_LAYOUT_H
#define SPOOF_STAT_LAYOUT_H

#include <sys/stat.h>

#include "../arch/kernel.h"
#include "../arch/call_table.h"

union stat_image {
    struct stat native;
    struct k_compat_stat64 compat64;
};

/* Fills `image` as the kernel would, and says how many bytes of it the call writes. */
size_t stat_layout_fill(enum call_layout layout, const struct stat *info, union stat_image *image);

#endif
