/* stub.c - writes stubs for x86_64. Rule: no register changes but rax, rcx and r11, which a call
 * changes anyway, and the arithmetic flags, which compilers take for changed. */
#include "../stub.h"

#include <string.h>

#include "../attended.h"
#include "call_code.h"
#include "load.h"

/* At the end of a stub: where it leaves a call to, and where it returns to. */
#define STUB_OWN (AGENT_STUB_SIZE - 16)
#define STUB_BACK (AGENT_STUB_SIZE - 8)

static void put_ends(struct code *code, const struct agent_place *place) {
    code->length = STUB_OWN;
    code_put_64(code, place->back - CALL_SIZE);
    code_put_64(code, place->back);
}

/* One call. */
static void make_one(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place, uint8_t bytes[AGENT_STUB_SIZE]) {
    const struct call_places places = {
        .page = agent_places(policy, plan, place->number),
        .own = stub + STUB_OWN,
        .back = stub + STUB_BACK,
        .says_number = place->form == AGENT_FORM_NUMBER || place->form == AGENT_FORM_GO,
    };
    struct code code = {bytes, stub, 0};
    if (!places.says_number)
        load_put(&code, place);
    call_put_code(&code, &places, place->number);
    put_ends(&code, place);
}

/* All calls are made there: by %rax to the stub of each, which follow. */
_Static_assert(AGENT_MOST_STUBS == 1 + ATTENDED_BY_GO, "one chooses");

static void make_choice(const uint8_t *policy, uint64_t stub, const struct agent_place *place,
                        uint8_t bytes[AGENT_STUB_SIZE]) {
    struct code code = {bytes, stub, 0};
    load_put(&code, place);
    for (uint32_t i = 0; i < agent_count_for_go(policy); i++) {
        PUT(&code, 0x48, 0x3d); /* cmp $number, %rax */
        code_put_32(&code, (uint32_t)attended_by_go[i]);
        PUT(&code, 0x0f, 0x84); /* je */
        code_put_distance(&code, stub + (uint64_t)(i + 1) * AGENT_STUB_SIZE, 0);
    }
    code_put_jump_by(&code, stub + STUB_OWN);
    put_ends(&code, place);
}

size_t agent_stubs_size(const uint8_t *policy, enum agent_form form) {
    return (form == AGENT_FORM_GO ? 1 + agent_count_for_go(policy) : 1) * (size_t)AGENT_STUB_SIZE;
}

void agent_make_stub(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                     const struct agent_place *place,
                     uint8_t bytes[AGENT_MOST_STUBS * AGENT_STUB_SIZE]) {
    memset(bytes, 0, agent_stubs_size(policy, place->form));
    if (place->form != AGENT_FORM_GO) {
        make_one(policy, plan, stub, place, bytes);
        return;
    }
    make_choice(policy, stub, place, bytes);
    for (uint32_t i = 0; i < agent_count_for_go(policy); i++) {
        const struct agent_place one = {AGENT_FORM_GO, attended_by_go[i], place->back};
        const size_t at = (i + 1) * (size_t)AGENT_STUB_SIZE;
        make_one(policy, plan, stub + at, &one, bytes + at);
    }
}
