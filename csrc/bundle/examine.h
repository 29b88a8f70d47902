/* examine.h - a bundle's --doctor. */
#ifndef SPOOF_EXAMINE_H
#define SPOOF_EXAMINE_H

#include "held.h"
#include "line.h"

/* Whether the bundle works here, and why not: text that is never freed. */
const char *examine(const struct held *held, const struct line *line, bool *works);

#endif
