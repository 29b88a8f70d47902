/* attended.h - the calls that the agent makes inside a program, and where their paths are.
 * Rule: a call that is not here is stopped as ever. */
#ifndef SPOOF_ATTENDED_H
#define SPOOF_ATTENDED_H

#include <stdbool.h>
#include <stdint.h>

enum path_argument { PATH_NOWHERE, PATH_FIRST, PATH_SECOND };

bool attended_call(int32_t number, enum path_argument *path);

/* What Go makes in its one function. */
#define ATTENDED_BY_GO 9U
#define ATTENDED_WITHOUT_PATHS 4U /* the first ones */
extern const int32_t attended_by_go[ATTENDED_BY_GO];

#endif
