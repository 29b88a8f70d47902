/* limits.c - widens resource limits of the calling process.
 * Rule: nothing is ever made narrower; what cannot be widened stays, and is no error. */
#include "limits.h"

void limit_widen(int resource, rlim_t wanted) {
    enum __rlimit_resource which = (enum __rlimit_resource)resource;
    const struct rlimit wide = {wanted, wanted};
    struct rlimit limit;
    if (getrlimit(which, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    /* A hard limit that is wide enough stays. */
    if (limit.rlim_max < wanted && setrlimit(which, &wide) == 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(which, &limit);
}
