/* filter.h - the seccomp filter that a policy needs. */
#ifndef SPOOF_FILTER_H
#define SPOOF_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#define FILTER_MAX_INSTRUCTIONS 64

/* Writes the filter: calls that the policy needs stopped get `action`, all others run. Returns the
 * number of instructions. */
unsigned short filter_make(const uint8_t *policy, uint32_t action, struct sock_filter *filter);

#endif
