/* filter.c - from a policy to the classic BPF of seccomp(2).
 * Rule: an architecture or ABI that we do not know runs untouched: we spoof, we do not confine. And
 * never stop close, dup, fork or exec: a queued notification can turn them into EINTR. */
#include "filter.h"

#include <stddef.h>

#include "../arch/kernel.h"
#include "../calls/table.h"
#include "../policy/blob.h"

/* What is done with a call of one architecture. */
static unsigned short stop_calls(const uint8_t *policy, uint32_t arch, uint32_t action,
                                 struct sock_filter *filter) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    unsigned short count = 0;
    filter[count++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr));
    /* The number of an x32 call has one more bit and equals none of these. */
    for (size_t i = 0; i < known; i++) {
        if (calls[i].arch != arch || !(blob_header(policy)->calls & calls[i].group))
            continue;
        filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                       (uint32_t)calls[i].number, 0, 1);
        filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    return count;
}

unsigned short filter_make(const uint8_t *policy, uint32_t action, struct sock_filter *filter) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    unsigned short count = 0;
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof(struct k_seccomp_data, arch));
    for (size_t i = 0; i < known; i++) {
        if (i > 0 && calls[i].arch == calls[i - 1].arch)
            continue; /* one part for each architecture */
        struct sock_filter *check = &filter[count++];
        unsigned short length = stop_calls(policy, calls[i].arch, action, filter + count);
        *check = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].arch, 0,
                                              (uint8_t)length);
        count = (unsigned short)(count + length);
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    return count;
}
