/* calls.c - from the number of a stopped call to its handler.
 * Rule: a call of another ABI, or without a handler, is let run: nothing is known about it. */
#include "calls.h"

#include <errno.h>
#include <sys/prctl.h>

#include "../arch/call_table.h"
#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../policy/match.h"
#include "../tracee/descriptor.h"
#include "../tracee/lookup.h"
#include "../tracee/restricted.h"
#include "../tracee/stopped_call.h"
#include "file_rule.h"
#include "handlers.h"
#include "injected.h"
#include "open_parts.h"

/* Whether it will succeed is not known, but that it has not begun is. */
static struct verdict serve_root_change(const struct stopped_call *call) {
    _Atomic uint32_t *changed = call->server->context->root_changed;
    if (changed)
        *changed = 1;
    return let_run(FALLBACK_NONE);
}

/* prctl(2), PR_SET_CHILD_SUBREAPER and PR_SET_SECCOMP; seccomp(2), SECCOMP_SET_MODE_FILTER. Without
 * a program, as libseccomp finds out what the kernel has, no filter comes of it. */
static struct verdict serve_own_filter(struct stopped_call *call, const struct known_call *known) {
    const uint32_t first = (uint32_t)call->arguments[0];
    const bool seccomp = known->task == TASK_SECCOMP;
    struct verdict verdict = let_run(FALLBACK_NONE);
    verdict.adds_filter =
        call->arguments[2] != 0 &&
        (seccomp ? first == K_SECCOMP_SET_MODE_FILTER
                 : first == PR_SET_SECCOMP && call->arguments[1] == 2 /* SECCOMP_MODE_FILTER */);
    if (!seccomp && first == PR_SET_CHILD_SUBREAPER)
        restricted_note_reaper(call);
    return verdict;
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
    case TASK_SYSINFO:
        return serve_sysinfo(call, known, policy);
    case TASK_CHANGE_ROOT:
    case TASK_CLONE: /* of a thread; under a tracer it does not come here */
        return serve_root_change(call);
    case TASK_RESTRICT:
        restricted_note(call);
        return let_run(FALLBACK_NONE);
    case TASK_SECCOMP:
    case TASK_PRCTL:
        return serve_own_filter(call, known);
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
    if (known->task == TASK_SYSINFO)
        return serve_sysinfo_end(call, known, policy);
    if (known->task != TASK_STATFS && known->task != TASK_FSTATFS)
        return let_run(FALLBACK_NONE);
    return serve_statfs_end(call, known, policy);
}

bool call_may_write(const struct stopped_call *call, const uint8_t *policy) {
    const struct known_call *known = known_call(call->arch, call->number);
    if (!known || blob_header(policy)->files.count == 0)
        return false;
    switch (known->task) {
    case TASK_CREAT:
    case TASK_TRUNCATE:
    case TASK_OPENAT2: /* its flags lie in memory */
        return true;
    case TASK_OPEN:
        return open_may_change((int)call->arguments[1]);
    case TASK_OPENAT:
        return open_may_change((int)call->arguments[2]);
    default:
        return false;
    }
}

struct verdict call_unread(const struct stopped_call *call, const uint8_t *policy,
                           enum fallback why) {
    if (why == FALLBACK_BUSY && call_may_write(call, policy))
        return fail_closed(NO_RULE, why);
    return let_run(why);
}

bool call_overflowed(const struct stopped_call *call, int64_t result) {
    const struct known_call *known = known_call(call->arch, call->number);
    return known && result == -EOVERFLOW && known->layout != LAYOUT_NATIVE;
}
