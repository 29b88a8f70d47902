/* generate.h - content that depends on the machine, by the name of its generator.
 * Rule: reads nothing itself. What is made of another file gets its bytes, which were read with the
 * rights of whoever asks; no number is told that does not stand there. */
#ifndef SPOOF_GENERATE_H
#define SPOOF_GENERATE_H

#include <stdbool.h>
#include <stddef.h>

#define GENERATE_SOURCE_MAX 64 /* bytes of a source: a number and its newline */

struct output {
    char *text; /* malloc'ed, the caller's */
    size_t length;
};

bool generator_known(const char *name);
/* The name of the file in the same directory that its content is made of; NULL: of none. */
const char *generator_source(const char *name);
/* `source`: what that file holds. 0, -ENOMEM, or -EINVAL for a name that is none, or a source that
 * is not as it should be; then there is nothing to free. */
int generate(const char *name, const char *source, size_t source_length, struct output *content);

#endif
