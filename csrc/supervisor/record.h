/* record.h - counts a served call and writes its event for the log. */
#ifndef SPOOF_RECORD_H
#define SPOOF_RECORD_H

#include "../calls/verdict.h"
#include "../inline/outcome.h"
#include "segment.h"

/* Both before the stop ends: the program may be gone once it has its answer, and whoever waits for
 * it may then read the counters. */
void record_verdict(struct segment *segment, const struct stopped_call *call,
                    const struct verdict *verdict);
/* What was recorded could not be done, and another verdict holds. */
void record_instead(struct segment *segment, const struct verdict *verdict,
                    const struct verdict *other);
/* What became of a program that was to answer by itself. */
void record_inline(struct segment *segment, enum inline_outcome outcome);
/* The tracee was gone: corrects the counters. */
void record_gone(struct segment *segment, const struct verdict *verdict);

#endif
