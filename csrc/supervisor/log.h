/* log.h - the guardian's log file: JSON, one object a line, in pino's shape. */
#ifndef SPOOF_LOG_H
#define SPOOF_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "segment.h"

#define LOG_PERIOD_MS 100 /* how often events are to be written */

/* Descriptor DESCRIPTOR_LOG is a log file: from now on things are logged. */
void log_open(struct segment *segment, const uint8_t *policy, int level);
bool log_is_open(void);

/* ---- these do nothing before that ---- */

/* One line: `fields` is a printf format for ready JSON members, with a leading comma, or "". */
void log_line(int level, const char *message, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));
/* Writes the events that have come since the last call. `last`: nothing writes any more. */
void log_events(bool last);
void log_totals(void);

#define LOG_TRACE 10
#define LOG_INFO 30
#define LOG_WARN 40

#endif
