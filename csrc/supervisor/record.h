/* record.h - counts a served call and writes its event for the log. */
#ifndef SPOOF_RECORD_H
#define SPOOF_RECORD_H

#include "../calls/calls.h"
#include "segment.h"

/* To be called before the stop ends: the program may be gone once it has its answer. */
void record_event(struct segment *segment, const struct stopped_call *call,
                  const struct verdict *verdict);
void record_count(struct segment *segment, const struct verdict *verdict, enum event_kind kind);
/* What a verdict becomes if the tracee is still there. */
enum event_kind record_kind(const struct verdict *verdict);

#endif
