/* name_code.h - code that looks into the set of names (names.h). */
#ifndef SPOOF_NAME_CODE_H
#define SPOOF_NAME_CODE_H

#include "../attended.h"
#include "../names.h"
#include "instructions.h"

/* The register with this argument. */
static inline uint32_t path_register(enum path_argument path) {
    return path == PATH_FIRST ? 0 : 1;
}

/* Finds out whether a path may be one of these, with its end (the 0) in KEPT. If so it goes to
 * `candidate`, which lies before it; else on, behind it. */
void name_put_test(struct code *code, enum path_argument path, const struct names_place *names,
                   uint32_t candidate);

#endif
