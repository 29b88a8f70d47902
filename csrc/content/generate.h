/* generate.h - content that depends on the machine, by the name of its generator.
 * Rule: reads nothing that can block, and knows an answer for every machine. */
#ifndef SPOOF_GENERATE_H
#define SPOOF_GENERATE_H

#include <stdbool.h>
#include <stddef.h>

struct output {
    char *text; /* malloc'ed, the caller's */
    size_t length;
};

bool generator_known(const char *name);
/* 0, -ENOMEM, or -EINVAL for a name that is none; then there is nothing to free. */
int generate(const char *name, struct output *content);

#endif
