/* stub.h - code in the page that answers for a place: it makes the call there, if no rule names its
 * path, and of statfs(2) and fstatfs(2) it changes the type in the answer. Rule: as in agent.h;
 * each path that it does not know for one which no rule names is left to be stopped, and all is in
 * the registers that the kernel would have left there. */
#ifndef SPOOF_STUB_H
#define SPOOF_STUB_H

#include <stddef.h>

#include "agent.h"
#include "call_place.h"

/* Bytes of the stubs that a place needs, one behind the other. */
size_t agent_stubs_size(const uint8_t *policy, enum agent_form form);
/* The stubs at `stub` for this place. */
#define AGENT_MOST_STUBS 10U
void agent_make_stub(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place,
                     uint8_t bytes[AGENT_MOST_STUBS * AGENT_STUB_SIZE]);

/* Its parts, by the machine: the stub of one call, and what chooses among those behind it by the
 * number of the call. */
void stub_put_one(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                  const struct agent_place *place, uint8_t bytes[AGENT_STUB_SIZE]);
void stub_put_choice(const uint8_t *policy, uint64_t stub, const struct agent_place *place,
                     uint8_t bytes[AGENT_STUB_SIZE]);
/* The code at names->look, which is there: whether a path ends as one of the names. */
void stub_put_look(const struct names_place *names, uint8_t *bytes);

#endif
