/* stub.c - writes stubs for aarch64. They are the same for all places with a call: the room says
 * where it goes on. */
#include "../stub.h"

#include <string.h>

#include "../attended.h"
#include "call_code.h"
#include "registers.h"

/* The longest one, of statfs(2) where names have two letters, has 380 bytes. */
static void make_one(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     int32_t number, bool keeps, uint8_t bytes[AGENT_STUB_SIZE]) {
    const struct agent_places places = agent_places(policy, plan, number);
    struct code code = {bytes, stub, 0};
    call_put_code(&code, &places, number, keeps);
}

/* All calls are made there: by their numbers to the stub of each, which follow. */
_Static_assert(AGENT_MOST_STUBS == 1 + ATTENDED_BY_GO, "one chooses");

static void make_choice(const uint8_t *policy, uint64_t stub, uint8_t bytes[AGENT_STUB_SIZE]) {
    struct code code = {bytes, stub, 0};
    for (uint32_t i = 0; i < agent_count_for_go(policy); i++) {
        put_subtract(&code, OTHER, REGISTER_CALL, (uint32_t)attended_by_go[i]);
        code_put_about(&code, JUMP_ZERO, OTHER, stub + (uint64_t)(i + 1) * AGENT_STUB_SIZE);
    }
    put_number(&code, OTHER, 0);
    put_jump_by(&code, BACK);
}

size_t agent_stubs_size(const uint8_t *policy, enum agent_form form) {
    return (form == AGENT_FORM_GO ? 1 + agent_count_for_go(policy) : 1) * (size_t)AGENT_STUB_SIZE;
}

void agent_make_stub(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place,
                     uint8_t bytes[AGENT_MOST_STUBS * AGENT_STUB_SIZE]) {
    memset(bytes, 0, agent_stubs_size(policy, place->form));
    if (place->form != AGENT_FORM_GO) {
        make_one(policy, plan, stub, place->number, true, bytes);
        return;
    }
    make_choice(policy, stub, bytes);
    for (uint32_t i = 0; i < agent_count_for_go(policy); i++) {
        const size_t at = (i + 1) * (size_t)AGENT_STUB_SIZE;
        make_one(policy, plan, stub + at, attended_by_go[i], false, bytes + at);
    }
}
