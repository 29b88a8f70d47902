/* calls.c - from the number of a stopped call to its handler.
 * Rule: a call of another ABI, or without a handler, is let run: nothing is known about it. */
#include "calls.h"

#include "../arch/arch.h"

bool call_is_served(int32_t number) {
    return number == NUMBER_STATFS || number == NUMBER_FSTATFS;
}

struct verdict serve_call(struct stopped_call *call, const uint8_t *policy) {
    if (call->arch != ARCH_AUDIT || !call_is_served(call->number))
        return let_run(FALLBACK_NONE);
    return serve_statfs(call, policy);
}
