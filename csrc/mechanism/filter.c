/* filter.c - from a policy to the classic BPF of seccomp(2).
 * Rule: an architecture or ABI that we do not know runs untouched: we spoof, we do not confine. And
 * never stop close, dup, fork or exec: a queued notification can turn them into EINTR. */
#include "filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../arch/kernel.h"

#define MAX_INSTRUCTIONS 256

/* Puts `parts` at the end of the filter. */
static unsigned short put(struct sock_filter *filter, unsigned short count,
                          const struct sock_filter *parts, size_t length) {
    for (size_t i = 0; i < length; i++)
        filter[count++] = parts[i];
    return count;
}

/* A call with this number gets `action`; clone(2) only if its flags say CLONE_UNTRACED. */
static unsigned short stop_call(const struct known_call *call, uint32_t action,
                                struct sock_filter *filter, unsigned short count) {
    const uint32_t flags = offsetof(struct k_seccomp_data, args); /* the low half: little endian */
    const struct sock_filter always[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
    };
    const struct sock_filter untraced[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, K_CLONE_UNTRACED, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW),
    };
    if (call->task == TASK_CLONE)
        return put(filter, count, untraced, sizeof untraced / sizeof *untraced);
    return put(filter, count, always, sizeof always / sizeof *always);
}

/* What is done with a call of one architecture. */
static unsigned short stop_calls(uint32_t groups, uint32_t arch, uint32_t action,
                                 struct sock_filter *filter) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    unsigned short count = 0;
    filter[count++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr));
    /* The number of an x32 call has one more bit and equals none of these. */
    for (size_t i = 0; i < known; i++)
        if (calls[i].arch == arch && (groups & calls[i].group))
            count = stop_call(&calls[i], action, filter, count);
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    return count;
}

/* Writes the whole filter. Returns the number of instructions. */
static unsigned short make(uint32_t groups, uint32_t action, struct sock_filter *filter) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    unsigned short count = 0;
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof(struct k_seccomp_data, arch));
    for (size_t i = 0; i < known; i++) {
        if (i > 0 && calls[i].arch == calls[i - 1].arch)
            continue; /* one part for each architecture */
        struct sock_filter *check = &filter[count++];
        unsigned short length = stop_calls(groups, calls[i].arch, action, filter + count);
        *check = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].arch, 0,
                                              (uint8_t)length);
        count = (unsigned short)(count + length);
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    return count;
}

int filter_install(uint32_t groups, uint32_t action, unsigned long flags) {
    struct sock_filter filter[MAX_INSTRUCTIONS];
    struct sock_fprog program = {.len = make(groups, action, filter), .filter = filter};
    long result = syscall(SYS_seccomp, K_SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        result = syscall(SYS_seccomp, K_SECCOMP_SET_MODE_FILTER, flags, &program);
    return result < 0 ? -errno : (int)result;
}
