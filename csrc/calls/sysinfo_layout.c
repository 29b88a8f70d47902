/* sysinfo_layout.c - struct sysinfo in each ABI. Rule: as kernel/sys.c fills them. */
#include "layout.h"

#include <string.h>

#define LARGEST_UNIT 4096U /* a page */

size_t sysinfo_size(enum call_layout layout) {
    return layout == LAYOUT_NATIVE ? sizeof(struct k_sysinfo) : sizeof(struct k_compat_sysinfo);
}

/* By how many bits the numbers are cut so that they fit into 32. */
static unsigned shift_of(const struct k_sysinfo *info, uint32_t unit) {
    unsigned shift = 0;
    if (info->totalram <= UINT32_MAX && info->totalswap <= UINT32_MAX)
        return 0;
    while ((uint64_t)unit << shift < LARGEST_UNIT)
        shift++;
    return shift;
}

void sysinfo_fill(enum call_layout layout, const struct k_sysinfo *info,
                  union sysinfo_image *image) {
    memset(image, 0, sizeof *image);
    if (layout == LAYOUT_NATIVE) {
        image->native = *info;
        return;
    }
    /* No kernel says 0, but what we read may be what another thread of the program wrote. */
    const uint32_t unit = info->mem_unit ? info->mem_unit : 1;
    const unsigned shift = shift_of(info, unit);
    struct k_compat_sysinfo *compat = &image->compat;
    compat->uptime = (int32_t)info->uptime;
    for (int i = 0; i < 3; i++)
        compat->loads[i] = (uint32_t)info->loads[i];
    compat->totalram = (uint32_t)(info->totalram >> shift);
    compat->freeram = (uint32_t)(info->freeram >> shift);
    compat->sharedram = (uint32_t)(info->sharedram >> shift);
    compat->bufferram = (uint32_t)(info->bufferram >> shift);
    compat->totalswap = (uint32_t)(info->totalswap >> shift);
    compat->freeswap = (uint32_t)(info->freeswap >> shift);
    compat->procs = info->procs;
    compat->totalhigh = (uint32_t)(info->totalhigh >> shift);
    compat->freehigh = (uint32_t)(info->freehigh >> shift);
    compat->mem_unit = unit << shift;
}

void sysinfo_read(enum call_layout layout, const union sysinfo_image *image,
                  struct k_sysinfo *info) {
    if (layout == LAYOUT_NATIVE) {
        *info = image->native;
        return;
    }
    const struct k_compat_sysinfo *compat = &image->compat;
    *info = (struct k_sysinfo){
        .uptime = compat->uptime,
        .loads = {compat->loads[0], compat->loads[1], compat->loads[2]},
        .totalram = compat->totalram,
        .freeram = compat->freeram,
        .sharedram = compat->sharedram,
        .bufferram = compat->bufferram,
        .totalswap = compat->totalswap,
        .freeswap = compat->freeswap,
        .procs = compat->procs,
        .totalhigh = compat->totalhigh,
        .freehigh = compat->freehigh,
        .mem_unit = compat->mem_unit,
    };
}
