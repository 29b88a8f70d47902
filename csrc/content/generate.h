/* generate.h - content that depends on the machine, by the name of its generator.
 * Rule: reads nothing that can block, and knows an answer for every machine. */
#ifndef SPOOF_GENERATE_H
#define SPOOF_GENERATE_H

#include <stdbool.h>

#include "bytes.h"

bool generator_known(const char *name);
/* The content: malloc'ed, the caller's. 0, -ENOMEM, or -EINVAL for a name that is none. */
int generate(const char *name, struct bytes *content);

#endif
