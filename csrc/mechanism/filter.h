/* filter.h - the seccomp filter that a policy needs. */
#ifndef SPOOF_FILTER_H
#define SPOOF_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#define FILTER_MAX_INSTRUCTIONS 256

/* Writes the filter: calls of these groups (SPOOF_CALLS_*) get `action`, all others run. Returns
 * the number of instructions. CALLS_OF_TRACER: clone(2) where its child would not be traced, and
 * clone3(2), whose flags a filter cannot see; CALLS_CHANGING_ROOT: chroot(2) and its like. */
unsigned short filter_make(uint32_t groups, uint32_t action, struct sock_filter *filter);

#endif
