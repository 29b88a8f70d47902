/* calls.c - from the number of a stopped call to its handler.
 * Rule: a call of another ABI, or without a handler, is let run: nothing is known about it. */
#include "calls.h"

#include "table.h"

struct verdict serve_call(struct stopped_call *call, const uint8_t *policy) {
    const struct known_call *known = known_call(call->arch, call->number);
    if (!known)
        return let_run(FALLBACK_NONE);
    switch (known->task) {
    case TASK_STATFS:
    case TASK_FSTATFS:
        return serve_statfs(call, known, policy);
    }
    return let_run(FALLBACK_NONE);
}
