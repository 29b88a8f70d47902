/* file_input.h - files rules as they are told. */
#ifndef SPOOF_FILE_INPUT_H
#define SPOOF_FILE_INPUT_H

#include "rules.h"

/* Has a files rule all that its kind needs? */
bool file_rule_complete(const struct rule_input *rule);

#endif
