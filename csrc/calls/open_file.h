/* open_file.h - opens of files that a files rule names. */
#ifndef SPOOF_OPEN_FILE_H
#define SPOOF_OPEN_FILE_H

#include "file_rule.h"
#include "open_arguments.h"
#include "verdict.h"

struct verdict open_file(struct stopped_call *call, const uint8_t *policy,
                         const struct open_arguments *arguments, const struct found_file *found);

#endif
