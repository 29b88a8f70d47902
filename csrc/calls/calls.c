/* calls.c - from the number of a stopped call to its handler.
 * Rule: a call of another ABI, or without a handler, is let run: nothing is known about it. */
#include "calls.h"

#include <errno.h>

#include "../arch/call_table.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "../tracee/descriptor.h"
#include "../tracee/lookup.h"
#include "../tracee/stopped_call.h"
#include "file_rule.h"
#include "handlers.h"
#include "injected.h"

/* Whether it will succeed is not known, but that it has not begun is. */
static struct verdict serve_root_change(const struct stopped_call *call) {
    _Atomic uint32_t *changed = call->server->context->root_changed;
    if (changed)
        *changed = 1;
    return let_run(FALLBACK_NONE);
}

struct verdict serve_call(struct stopped_call *call, const uint8_t *policy) {
    const struct known_call *known = known_call(call->arch, call->number);
    if (!known)
        return let_run(FALLBACK_NONE);
    if (known->task >= TASK_STAT)
        return serve_path(call, known, policy);
    switch (known->task) {
    case TASK_STATFS:
    case TASK_FSTATFS:
        return serve_statfs(call, known, policy);
    case TASK_CREAT:
    case TASK_OPEN:
    case TASK_OPENAT:
    case TASK_OPENAT2:
        return serve_open(call, known, policy);
    case TASK_STATMOUNT:
        return serve_statmount(call, policy);
    case TASK_UNAME:
        return serve_uname(call, policy);
    case TASK_CHANGE_ROOT:
        return serve_root_change(call);
    default:
        break; /* the tracer's own */
    }
    return let_run(FALLBACK_NONE);
}

bool calls_can_look_after(const uint8_t *policy) {
    return !match_statfs_names_paths(policy);
}

bool calls_always_look(const struct stopped_call *call) {
    const struct known_call *known = known_call(call->arch, call->number);
    return known && (known->task == TASK_STATFS || known->task == TASK_FSTATFS);
}

bool calls_must_answer(struct stopped_call *call, const uint8_t *policy) {
    const struct known_call *known = known_call(call->arch, call->number);
    char name[TRACEE_PATH_MAX];
    if (known && known->task == TASK_STATFS)
        return blob_header(policy)->files.count != 0 &&
               tracee_read_path(call, call->arguments[0], name) > 0 &&
               file_rule_is_worthwhile(policy, name);
    return known && known->task == TASK_FSTATFS &&
           filesystem_may_be_memory(call, (int)call->arguments[0]) &&
           descriptor_name(call, (uint32_t)call->arguments[0], name, sizeof name) > 0 &&
           injected_by_name(policy, name);
}

struct verdict serve_end(struct stopped_call *call, int64_t result, const uint8_t *policy) {
    const struct known_call *known = known_call(call->arch, call->number);
    if (!known || result != 0)
        return let_run(FALLBACK_NONE);
    if (known->task == TASK_UNAME)
        return serve_uname_end(call, policy);
    if (known->task != TASK_STATFS && known->task != TASK_FSTATFS)
        return let_run(FALLBACK_NONE);
    return serve_statfs_end(call, known, policy);
}

bool call_overflowed(const struct stopped_call *call, int64_t result) {
    const struct known_call *known = known_call(call->arch, call->number);
    return known && result == -EOVERFLOW && known->layout != LAYOUT_NATIVE;
}
