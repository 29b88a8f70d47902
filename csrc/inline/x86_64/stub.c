/* stub.c - writes stubs for x86_64. Rule: no register changes but rax, rcx and r11, which a call
 * changes anyway, and the arithmetic flags, which compilers take for changed. */
#include "../stub.h"

#include "../attended.h"
#include "call_code.h"
#include "load.h"
#include "name_code.h"

/* At the end of a stub: where it leaves a call to, and where it returns to. */
#define STUB_OWN (AGENT_STUB_SIZE - 16)
#define STUB_BACK (AGENT_STUB_SIZE - 8)

static void put_ends(struct code *code, const struct agent_place *place) {
    code->length = STUB_OWN;
    code_put_64(code, place->back - CALL_SIZE);
    code_put_64(code, place->back);
}

/* One call. */
void stub_put_one(const uint8_t *policy, const struct inline_plan *plan, uint64_t stub,
                  const struct agent_place *place, uint8_t bytes[AGENT_STUB_SIZE]) {
    const struct call_places places = {
        .page = agent_places(policy, plan, place->number),
        .own = stub + STUB_OWN,
        .back = stub + STUB_BACK,
        .says_number = place->form == AGENT_FORM_NUMBER || place->form == AGENT_FORM_GO,
    };
    struct code code = {.bytes = bytes, .address = stub};
    if (!places.says_number)
        load_put(&code, place);
    call_put_code(&code, &places, place->number);
    if (code.is_broken || code.length > STUB_OWN) { /* never; then all is stopped */
        code.length = 0;
        if (place->form != AGENT_FORM_GO)
            load_put(&code, place);
        code_put_jump_by(&code, places.own);
    }
    put_ends(&code, place);
}

/* All calls are made there: by %rax to the stub of each, which follow. */
void stub_put_choice(const uint8_t *policy, uint64_t stub, const struct agent_place *place,
                     uint8_t bytes[AGENT_STUB_SIZE]) {
    struct code code = {.bytes = bytes, .address = stub};
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

void stub_put_look(const struct names_place *names, uint8_t *bytes) {
    struct code code = {.bytes = bytes, .address = names->look};
    names_put_look(&code, names->ends);
}
