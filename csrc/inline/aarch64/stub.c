/* stub.c - writes stubs for aarch64. They are the same for all places with a call: the room says
 * where it goes on. */
#include "../stub.h"

#include "../attended.h"
#include "call_code.h"
#include "registers.h"

/* The longest one, of statfs(2) where names have two letters, has 380 bytes. */
void stub_put_one(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                  const struct agent_place *place, uint8_t bytes[AGENT_STUB_SIZE]) {
    const struct agent_places places = agent_places(policy, plan, place->number);
    struct code code = {.bytes = bytes, .address = stub};
    call_put_code(&code, &places, place->number, place->form != AGENT_FORM_GO);
}

/* All calls are made there: by their numbers to the stub of each, which follow. */
void stub_put_choice(const uint8_t *policy, uint64_t stub, const struct agent_place *place,
                     uint8_t bytes[AGENT_STUB_SIZE]) {
    (void)place;
    struct code code = {.bytes = bytes, .address = stub};
    for (uint32_t i = 0; i < agent_count_for_go(policy); i++) {
        put_subtract(&code, OTHER, REGISTER_CALL, (uint32_t)attended_by_go[i]);
        code_put_about(&code, JUMP_ZERO, OTHER, stub + (uint64_t)(i + 1) * AGENT_STUB_SIZE);
    }
    put_number(&code, OTHER, 0);
    put_jump_by(&code, BACK);
}

void stub_put_look(const struct names_place *names, uint8_t *bytes) {
    (void)names;
    (void)bytes;
}
