/* stub.c - the stubs of a place: one, or of Go, which makes all calls there, one that chooses and
 * one for each call. Rule: as in its header. */
#include "stub.h"

#include <string.h>

#include "attended.h"

_Static_assert(AGENT_MOST_STUBS == 1 + ATTENDED_BY_GO, "one chooses");

size_t agent_stubs_size(const uint8_t *policy, enum agent_form form) {
    return (form == AGENT_FORM_GO ? 1 + agent_count_for_go(policy) : 1) * (size_t)AGENT_STUB_SIZE;
}

void agent_make_stub(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place,
                     uint8_t bytes[AGENT_MOST_STUBS * AGENT_STUB_SIZE]) {
    memset(bytes, 0, agent_stubs_size(policy, place->form));
    if (place->form != AGENT_FORM_GO) {
        stub_put_one(policy, plan, stub, place, bytes);
        return;
    }
    stub_put_choice(policy, stub, place, bytes);
    for (uint32_t i = 0; i < agent_count_for_go(policy); i++) {
        const struct agent_place one = {AGENT_FORM_GO, attended_by_go[i], place->back};
        const size_t at = (i + 1) * (size_t)AGENT_STUB_SIZE;
        stub_put_one(policy, plan, stub + at, &one, bytes + at);
    }
}
