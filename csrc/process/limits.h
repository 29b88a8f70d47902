/* limits.h - resource limits that are meant for the command and too narrow for us. */
#ifndef SPOOF_LIMITS_H
#define SPOOF_LIMITS_H

#include <sys/resource.h>

/* Widens the soft limit of a resource to `wanted` at least, or as far as the kernel lets us: a hard
 * limit that is narrower only a privileged process can raise (getrlimit(2)). */
void limit_widen(int resource, rlim_t wanted);

#endif
