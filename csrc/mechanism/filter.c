/* filter.c - from a policy to the classic BPF of seccomp(2).
 * Rule: an architecture or ABI that we do not know runs untouched: we spoof, we do not confine. And
 * never stop close, dup, fork or exec: a queued notification can turn them into EINTR. */
#include "filter.h"

#include <linux/audit.h>
#include <stddef.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../policy/blob.h"

static const struct {
    uint32_t group;
    uint32_t number;
} stoppable[] = {
    {BLOB_CALLS_STATFS, NUMBER_STATFS},
    {BLOB_CALLS_STATFS, NUMBER_FSTATFS},
};

/* A child without a tracer would get ENOSYS for every stopped call. */
static unsigned short stop_untraced(struct sock_filter *filter, uint32_t action) {
    const uint32_t flags = offsetof(struct k_seccomp_data, args); /* the low half: little endian */
    const struct sock_filter part[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NUMBER_CLONE3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NUMBER_CLONE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, K_CLONE_UNTRACED, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
    };
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        filter[i] = part[i];
    return sizeof part / sizeof *part;
}

unsigned short filter_make(const uint8_t *policy, uint32_t action, bool traced,
                           struct sock_filter *filter) {
    const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    const struct sock_filter stop = BPF_STMT(BPF_RET | BPF_K, action);
    unsigned short count = 0;
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof(struct k_seccomp_data, arch));
    filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH_AUDIT, 1, 0);
    filter[count++] = allow;
    filter[count++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr));
    /* The number of an x32 call has one more bit and equals none of these. */
    for (size_t i = 0; i < sizeof stoppable / sizeof *stoppable; i++) {
        if (!(blob_header(policy)->calls & stoppable[i].group))
            continue;
        filter[count++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, stoppable[i].number, 0, 1);
        filter[count++] = stop;
    }
    if (traced)
        count = (unsigned short)(count + stop_untraced(filter + count, action));
    filter[count++] = allow;
    return count;
}
