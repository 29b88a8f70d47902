/* filter.h - the seccomp filter that a policy needs. */
#ifndef SPOOF_FILTER_H
#define SPOOF_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#define FILTER_MAX_INSTRUCTIONS 64

/* Writes the filter: calls that the policy needs stopped get `action`, all others run. Returns the
 * number of instructions. `traced`: also stop clone(2) where its child would not be traced, and
 * clone3(2), whose flags a filter cannot see. */
unsigned short filter_make(const uint8_t *policy, uint32_t action, bool traced,
                           struct sock_filter *filter);

#endif
