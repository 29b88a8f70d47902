/* fast_path.h - lookups that need no walk. */
#ifndef SPOOF_FAST_PATH_H
#define SPOOF_FAST_PATH_H

#include "lookup_result.h"
#include "stopped_call.h"

/* What the tracee finds at a path, if its root is ours. *walk: that cannot be known in this way,
 * only by walking. */
struct lookup fast_path(struct stopped_call *call, const struct lookup_request *request,
                        bool *walk);

#endif
