/* quick.h - looks that need no walk. */
#ifndef SPOOF_QUICK_H
#define SPOOF_QUICK_H

#include "tracee.h"

/* What the tracee finds at a path, if its root is ours. *exact: that cannot be known in this way,
 * only by walking. */
struct look look_quickly(struct stopped_call *call, const struct look_request *request,
                         bool *exact);

/* Is there a `..` among the names of a path? */
bool goes_up(const char *names);

#endif
