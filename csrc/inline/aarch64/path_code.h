/* path_code.h - code that finds the end of a path before a call is made.
 * Rule: it reads nothing of which the kernel has not said that it can be read, so a bad path stays
 * EFAULT; what it cannot find out goes to `plain`, where the call is stopped. */
#ifndef SPOOF_PATH_CODE_H
#define SPOOF_PATH_CODE_H

#include "../attended.h"
#include "instructions.h"

/* KEPT: the end of the path, if that lies in the page in which it begins. Returns the jump to where
 * to go then; falls through where it does not. */
uint32_t path_put_search(struct code *code, enum path_argument path, struct code_jumps *plain);

#endif
