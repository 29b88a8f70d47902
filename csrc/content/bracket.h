/* bracket.h - bracket expressions, regex(7), in the C locale. */
#ifndef SPOOF_BRACKET_H
#define SPOOF_BRACKET_H

#include <stdbool.h>

#include "byte_set.h"

/* Reads on behind a `[`, to behind its `]`. False: it is none. */
bool bracket_read(const char **at, struct byte_set *set);

#endif
