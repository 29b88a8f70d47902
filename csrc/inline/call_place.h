/* call_place.h - where code of a program makes calls, and how such a place is made to lead to code
 * of ours. Rule: a place that is not surely known is left as it is. */
#ifndef SPOOF_CALL_PLACE_H
#define SPOOF_CALL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "shape.h"

struct agent_place {
    enum agent_form form;
    int32_t number; /* of the call that the agent attends to */
    uint64_t back;  /* where it returns to */
};

/* Where a place of this form begins. */
uint64_t agent_place_begin(const struct agent_place *place);
/* Is the place as it is made by compilers? `code`: around `back`; what was not read is 0. */
bool agent_is_place(const struct agent_place *place,
                    const uint8_t code[AGENT_BEFORE + AGENT_BEHIND]);
/* Is it an open of a C library's, in which a thread could be cancelled, if there is more than one?
 * Those of glibc 2.41 are made elsewhere then. */
bool agent_may_be_cancelled(const struct agent_place *place);
/* Makes the place lead to `to`. False: too far. */
bool agent_make_jump(const struct agent_place *place, uint64_t to,
                     uint8_t code[AGENT_BEFORE + AGENT_BEHIND]);
/* The room that a call which returns to place->back has come through, if there seems to be one;
 * place->back is then where the place itself returns to. */
bool agent_read_jump(struct agent_place *place, const uint8_t code[AGENT_BEFORE + AGENT_BEHIND],
                     uint64_t *room);

#endif
