/* open_table.h - opens of mount tables. */
#ifndef SPOOF_OPEN_TABLE_H
#define SPOOF_OPEN_TABLE_H

#include "open_arguments.h"
#include "verdict.h"

/* `lookup`: what lies at the path. */
struct verdict open_table(struct stopped_call *call, const uint8_t *policy,
                          const struct open_arguments *arguments, const struct lookup *lookup);

#endif
