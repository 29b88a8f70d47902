/* filter.c - from a policy to the classic BPF of seccomp(2).
 * Rule: an architecture or ABI that we do not know runs untouched: we spoof, we do not confine. And
 * never stop close, dup, fork or exec: a queued notification can turn them into EINTR. */
#include "filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/agent_signs.h"
#include "../arch/arch.h"
#include "../arch/call_table.h"
#include "../arch/kernel.h"
#include "../spoof.h"

#define MAX_INSTRUCTIONS 288

/* Puts `parts` at the end of the filter. */
static unsigned short put(struct sock_filter *filter, unsigned short count,
                          const struct sock_filter *parts, size_t length) {
    for (size_t i = 0; i < length; i++)
        filter[count++] = parts[i];
    return count;
}

/* What an argument says of a call: it is one of two values, or has bits of one of them or both. */
struct condition {
    int argument;
    uint16_t compare;
    uint32_t with[2];
    bool both;
    bool stops; /* where it holds the call is stopped; else where it does not */
};

static struct condition first_argument(uint16_t compare, uint32_t one, uint32_t other) {
    return (struct condition){.compare = compare, .with = {one, other}, .stops = true};
}

/* False: such a call is always stopped. */
static bool is_conditional(const struct known_call *call, uint32_t groups,
                           struct condition *condition) {
    const uint32_t of_prctl = groups & CALLS_RESTRICTING ? PR_SET_CHILD_SUBREAPER : PR_SET_SECCOMP;
    switch (call->task) {
    case TASK_CLONE:
        if (groups & CALLS_OF_TRACER) {
            *condition = first_argument(BPF_JSET, K_CLONE_UNTRACED, K_CLONE_UNTRACED);
        } else {
            *condition =
                first_argument(BPF_JSET, K_CLONE_THREAD, K_CLONE_NEWNS | K_CLONE_NEWCGROUP);
            condition->both = true;
        }
        return true;
    case TASK_SECCOMP:
        *condition = first_argument(BPF_JEQ, K_SECCOMP_SET_MODE_FILTER, K_SECCOMP_SET_MODE_FILTER);
        return true;
    case TASK_PRCTL:
        *condition = first_argument(BPF_JEQ, of_prctl,
                                    groups & CALLS_ADDING_FILTERS ? PR_SET_SECCOMP : of_prctl);
        return true;
    case TASK_SIGACTION:
        *condition = first_argument(BPF_JEQ, FIRST_THREAD_SIGNAL, LAST_THREAD_SIGNAL);
        return true;
    case TASK_OPEN:
    case TASK_OPENAT:
        *condition = (struct condition){
            .argument = known_call_path(call) + 1,
            .compare = BPF_JSET,
            .with = {OPEN_NEVER_A_TABLE, OPEN_NEVER_A_TABLE},
            .stops = false,
        };
        return (groups & SPOOF_CALLS_PATHS) == 0;
    default:
        return false;
    }
}

/* A call with this number gets `action`, some only by an argument of theirs. */
static unsigned short stop_call(const struct known_call *call, uint32_t groups, uint32_t action,
                                struct sock_filter *filter, unsigned short count) {
    struct condition condition;
    if (!is_conditional(call, groups, &condition)) {
        const struct sock_filter always[] = {
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, action),
        };
        return put(filter, count, always, sizeof always / sizeof *always);
    }
    /* The low half: little endian. */
    const uint32_t argument = (uint32_t)(offsetof(struct k_seccomp_data, args) +
                                         (size_t)condition.argument * sizeof(uint64_t));
    const uint16_t compare = (uint16_t)(BPF_JMP | condition.compare | BPF_K);
    const uint32_t run = K_SECCOMP_RET_ALLOW;
    const struct sock_filter sometimes[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument),
        BPF_JUMP(compare, condition.with[0], condition.both ? 0 : 1, condition.both ? 2 : 0),
        BPF_JUMP(compare, condition.with[1], 0, 1),
        BPF_STMT(BPF_RET | BPF_K, condition.stops ? action : run),
        BPF_STMT(BPF_RET | BPF_K, condition.stops ? run : action),
    };
    return put(filter, count, sometimes, sizeof sometimes / sizeof *sometimes);
}

/* A program that makes itself unreadable could not be told to answer no more calls afterwards. */
static unsigned short stop_becoming_unreadable(const struct known_call *call, uint32_t action,
                                               struct sock_filter *filter, unsigned short count) {
    const struct sock_filter parts[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call->number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_DUMPABLE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr)),
    };
    return put(filter, count, parts, sizeof parts / sizeof *parts);
}

/* A call that the agent makes runs; it is known by where it is made from. The others are left to
 * what follows, and no other call is asked where it comes from: the kernel keeps in mind that those
 * run. */
static unsigned short run_from_agent(uint32_t groups, uint64_t agent, struct sock_filter *filter,
                                     unsigned short count) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    /* Little endian. */
    const uint32_t low = offsetof(struct k_seccomp_data, instruction_pointer);
    const struct sock_filter by_place[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(agent >> 32), 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(AGENT_SIZE - 1)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)agent, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr)),
    };
    const uint8_t behind = sizeof by_place / sizeof *by_place;
    const unsigned short first = count;
    for (size_t i = 0; i < known; i++)
        if (known_call_is_of_agent(&calls[i], groups))
            filter[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                           (uint32_t)calls[i].number, 0, 0);
    for (unsigned short i = first; i < count; i++)
        filter[i].jt = (uint8_t)(count - 1 - i);
    filter[count - 1].jf = behind;
    return put(filter, count, by_place, behind);
}

/* What is done with a call of one architecture. */
static unsigned short stop_calls(uint32_t groups, uint64_t agent, uint32_t arch, uint32_t action,
                                 struct sock_filter *filter) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    const struct sock_filter of_x32[] = {
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CALL_OF_X32, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW),
    };
    unsigned short count = 0;
    filter[count++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr));
    if (agent != 0 && arch == ARCH_AUDIT)
        count = run_from_agent(groups, agent, filter, count);
    bool x32 = false; /* the rest is, and is no way for all others */
    for (size_t i = 0; i < known; i++) {
        if (calls[i].arch != arch || !(groups & calls[i].group))
            continue;
        if (!x32 && (calls[i].number & CALL_OF_X32))
            count = put(filter, count, of_x32, sizeof of_x32 / sizeof *of_x32);
        x32 = (calls[i].number & CALL_OF_X32) != 0;
        if (agent != 0 && !x32 && arch == ARCH_AUDIT && calls[i].task == TASK_PRCTL)
            count = stop_becoming_unreadable(&calls[i], action, filter, count);
        count = stop_call(&calls[i], groups, action, filter, count);
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    return count;
}

/* Writes the whole filter. Returns the number of instructions. */
static unsigned short make(uint32_t groups, uint64_t agent, uint32_t action,
                           struct sock_filter *filter) {
    size_t known;
    const struct known_call *calls = known_calls(&known);
    unsigned short count = 0;
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof(struct k_seccomp_data, arch));
    for (size_t i = 0; i < known; i++) {
        if (i > 0 && calls[i].arch == calls[i - 1].arch)
            continue; /* one part for each architecture */
        struct sock_filter *check = &filter[count++];
        unsigned short length = stop_calls(groups, agent, calls[i].arch, action, filter + count);
        *check = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].arch, 0,
                                              (uint8_t)length);
        count = (unsigned short)(count + length);
    }
    filter[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW);
    return count;
}

int filter_install(uint32_t groups, uint64_t agent, uint32_t action, unsigned long flags) {
    struct sock_filter filter[MAX_INSTRUCTIONS];
    struct sock_fprog program = {.len = make(groups, agent, action, filter), .filter = filter};
    long result = syscall(SYS_seccomp, K_SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        result = syscall(SYS_seccomp, K_SECCOMP_SET_MODE_FILTER, flags, &program);
    return result < 0 ? -errno : (int)result;
}
