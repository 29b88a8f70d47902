/* from_source.h - files that are made of the file beside them, at each call.
 * Rule: the source is read with the program's rights; what it may not read it is not told. */
#ifndef SPOOF_FROM_SOURCE_H
#define SPOOF_FROM_SOURCE_H

#include "../content/generate.h"
#include "file_rule.h"

/* What the rule (BLOB_FILE_SOURCE) makes of its source as it is now. 0, or, and then there is
 * nothing to free: what access_open() says, -EAGAIN: it cannot be told. Steps aside before it may
 * sleep. */
int from_source(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                struct output *content);

#endif
