/* calls.c - from the number of a stopped call to its handler.
 * Rule: a call of another ABI, or without a handler, is let run: nothing is known about it. */
#include "calls.h"

#include "../arch/arch.h"

struct verdict serve_call(struct stopped_call *call, const uint8_t *policy) {
    if (call->arch != ARCH_AUDIT)
        return let_run(FALLBACK_NONE);
    switch (call->number) {
    case NUMBER_STATFS:
    case NUMBER_FSTATFS:
        return serve_statfs(call, policy);
    default:
        return let_run(FALLBACK_NONE);
    }
}
