/* filter_run.h - what a seccomp filter says of a call, without making it. */
#ifndef SPOOF_FILTER_RUN_H
#define SPOOF_FILTER_RUN_H

#include <linux/filter.h>
#include <stddef.h>

#include "../arch/kernel.h"

/* What the filter returns, SECCOMP_RET_*; 0, which kills, for what is no filter of seccomp(2). */
uint32_t filter_run(const struct sock_filter *filter, size_t length,
                    const struct k_seccomp_data *data);

#endif
