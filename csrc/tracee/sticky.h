/* sticky.h - what is not to be used in sticky directories where others can write, proc_sys_fs(5).
 */
#ifndef SPOOF_STICKY_H
#define SPOOF_STICKY_H

#include "procfs.h"

struct k_statx;

enum sticky {
    STICKY_PASSES,
    STICKY_BARS,    /* EACCES */
    STICKY_UNKNOWN, /* it would, if it is switched on; that cannot be read */
    STICKY_IN_DOUBT /* we are short of something */
};

/* fs.protected_symlinks: may the tracee follow this link, at the end of a path? `directory`: the
 * descriptor of where it lies. */
enum sticky sticky_link(const struct walker *walker, int directory, const struct k_statx *link);
/* fs.protected_regular and fs.protected_fifos: may it open with O_CREAT what is there already? */
enum sticky sticky_creation(const struct walker *walker, int directory, const struct k_statx *file);

#endif
