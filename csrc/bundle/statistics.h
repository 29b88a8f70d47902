/* statistics.h - what was counted, as text for people. */
#ifndef SPOOF_STATISTICS_H
#define SPOOF_STATISTICS_H

#include "../supervisor/segment.h"
#include "held.h"

/* Writes to standard error what formatStatistics() of src/run/statistics.ts would say. */
void statistics_say(const struct segment *segment, const struct held *held);

#endif
