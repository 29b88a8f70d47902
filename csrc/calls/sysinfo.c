/* sysinfo.c - what sysinfo(2) says of memory.
 * Rule: CONTINUE is right whenever this gives up: the kernel then fills the same buffer. Uptime is
 * the program's own, so another time namespace is never answered from ours. */
#include <sys/syscall.h>
#include <unistd.h>

#include "../policy/blob.h"
#include "../tracee/credentials.h"
#include "../tracee/rights.h"
#include "handlers.h"
#include "layout.h"

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* What the rule does not name stays, but nothing is more than the whole. */
static void apply(const struct blob_sysinfo_rule *rule, struct k_sysinfo *info) {
    uint64_t *const fields[SPOOF_SYSINFO_COUNT] = {
        [SPOOF_SYSINFO_TOTALRAM] = &info->totalram,
        [SPOOF_SYSINFO_FREERAM] = &info->freeram,
        [SPOOF_SYSINFO_TOTALSWAP] = &info->totalswap,
        [SPOOF_SYSINFO_FREESWAP] = &info->freeswap,
    };
    const uint64_t unit = info->mem_unit ? info->mem_unit : 1;
    for (int i = 0; i < SPOOF_SYSINFO_COUNT; i++)
        if (rule->answer_mask >> i & 1)
            *fields[i] = rule->answer[i] / unit;
    info->freeram = least(info->freeram, info->totalram);
    info->sharedram = least(info->sharedram, info->totalram);
    info->bufferram = least(info->bufferram, info->totalram);
    info->freeswap = least(info->freeswap, info->totalswap);
}

static struct verdict give(struct stopped_call *call, const struct known_call *known,
                           const uint8_t *policy, struct k_sysinfo *info) {
    const struct blob_sysinfo_rule *rule = blob_sysinfo_rule(policy);
    union sysinfo_image image;
    enum fallback why;
    if (!rule)
        return let_run(FALLBACK_NONE);
    apply(rule, info);
    sysinfo_fill(known->layout, info, &image);
    return answer_write(call, call->arguments[0], &image, sysinfo_size(known->layout), &why) == 0
               ? answer_with(blob_first_sysinfo(policy), 0)
               : let_run(why);
}

/* Is the uptime that we are told the program's, too? True where there are no time namespaces. */
static bool same_clock(struct stopped_call *call) {
    return namespace_is_same(call->server->context->proc, call->tid, getpid(), "time");
}

struct verdict serve_sysinfo(struct stopped_call *call, const struct known_call *known,
                             const uint8_t *policy) {
    struct k_sysinfo info;
    if (rights_own(call->server) != 0)
        return let_run(FALLBACK_CREDENTIALS);
    bool same = same_clock(call);
    rights_must_usual(call->server);
    if (!same || syscall(SYS_sysinfo, &info) != 0)
        return let_run(FALLBACK_NAMESPACE);
    return give(call, known, policy, &info);
}

struct verdict serve_sysinfo_end(struct stopped_call *call, const struct known_call *known,
                                 const uint8_t *policy) {
    const size_t size = sysinfo_size(known->layout);
    union sysinfo_image image;
    struct k_sysinfo info;
    if (call->mechanism->read(call, call->arguments[0], &image, size) != (ssize_t)size)
        return let_run(FALLBACK_MEMORY);
    sysinfo_read(known->layout, &image, &info);
    return give(call, known, policy, &info);
}
