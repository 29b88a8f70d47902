/* log.h - the guardian's log file: JSON, one object a line, in pino's shape.
 * Rule: a thread of its own writes, which may wait for whoever reads; nobody waits for it. */
#ifndef SPOOF_LOG_H
#define SPOOF_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "segment.h"

/* Descriptor DESCRIPTOR_LOG is a log file: from now on things are logged. 0 or -errno. */
int log_open(struct segment *segment, const uint8_t *policy, int level);

/* ---- these do nothing before that ---- */

/* One line: `fields` is a printf format for ready JSON members, with a leading comma, or "". Called
 * by one thread only; a line that finds no room is counted as lost. */
void log_line(int level, const char *message, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));
/* Waits until what was logged so far is written, as long as there is progress. */
void log_flush(void);
/* The same for all events, and the totals: nobody serves any more. */
void log_close(void);

#define LOG_TRACE 10
#define LOG_INFO 30
#define LOG_WARN 40

#endif
