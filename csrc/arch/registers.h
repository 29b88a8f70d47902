/* registers.h - the registers of a stopped call, ptrace(2): number, arguments, result.
 * Rule: a call is skipped by making its number -1, and its result is set at the same stop. */
#ifndef SPOOF_REGISTERS_H
#define SPOOF_REGISTERS_H

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__x86_64__)
struct registers {
    struct user_regs_struct user;
};

static inline int32_t registers_number(const struct registers *registers) {
    return (int32_t)registers->user.orig_rax;
}

static inline uint64_t registers_argument(const struct registers *registers, int index) {
    const struct user_regs_struct *user = &registers->user;
    const uint64_t arguments[] = {user->rdi, user->rsi, user->rdx, user->r10, user->r8, user->r9};
    return arguments[index];
}

static inline int registers_skip(pid_t tid, struct registers *registers, int64_t result) {
    registers->user.orig_rax = (unsigned long long)-1;
    registers->user.rax = (unsigned long long)result;
    struct iovec part = {&registers->user, sizeof registers->user};
    return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0 ? 0 : -errno;
}
#elif defined(__aarch64__)
#define K_NT_ARM_SYSTEM_CALL 0x404
struct registers {
    struct user_regs_struct user;
};

static inline int32_t registers_number(const struct registers *registers) {
    return (int32_t)registers->user.regs[8];
}

static inline uint64_t registers_argument(const struct registers *registers, int index) {
    return registers->user.regs[index];
}

static inline int registers_skip(pid_t tid, struct registers *registers, int64_t result) {
    int number = -1;
    struct iovec call = {&number, sizeof number};
    registers->user.regs[0] = (unsigned long long)result;
    struct iovec part = {&registers->user, sizeof registers->user};
    if (ptrace(PTRACE_SETREGSET, tid, (void *)K_NT_ARM_SYSTEM_CALL, &call) != 0 ||
        ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &part) != 0)
        return -errno;
    return 0;
}
#endif

static inline int registers_set_argument(pid_t tid, struct registers *registers, int index,
                                         uint64_t value) {
#if defined(__x86_64__)
    struct user_regs_struct *user = &registers->user;
    unsigned long long *arguments[] = {&user->rdi, &user->rsi, &user->rdx,
                                       &user->r10, &user->r8,  &user->r9};
    *arguments[index] = value;
#else
    registers->user.regs[index] = value;
#endif
    struct iovec part = {&registers->user, sizeof registers->user};
    return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0 ? 0 : -errno;
}

static inline int registers_get(pid_t tid, struct registers *registers) {
    struct iovec part = {&registers->user, sizeof registers->user};
    return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0 ? 0 : -errno;
}

#endif
