/* registers.c - the registers of a stopped call on each architecture.
 * Rule: which register holds what is decided by the ABI of the call, not by that of the program. */
#include "registers.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "arch.h"
#include "kernel.h"

#define NO_CALL (-1) /* as the number of a call: none is made */

/* Once it fails it always does: gVisor, Linux before 5.3. */
static bool no_call_info;

struct call_info registers_call_info(pid_t tid) {
    struct k_ptrace_syscall_info info = {0};
    static const enum call_moment moments[] = {
        [K_PTRACE_SYSCALL_INFO_ENTRY] = MOMENT_BEGIN,
        [K_PTRACE_SYSCALL_INFO_EXIT] = MOMENT_END,
        [K_PTRACE_SYSCALL_INFO_SECCOMP] = MOMENT_SECCOMP,
    };
    if (no_call_info)
        return (struct call_info){0};
    /* It returns how much there was to say. */
    long said = ptrace(K_PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof info, &info);
    no_call_info = said < 0 && errno != ESRCH;
    if (said <= 0 || info.op >= sizeof moments / sizeof *moments)
        return (struct call_info){0};
    return (struct call_info){
        .moment = moments[info.op],
        .arch = info.arch,
        .number = (int32_t)info.number,
        .argument = info.rest[0],
        .address = info.instruction_pointer,
    };
}

static bool is_exec(const siginfo_t *info) {
    return info->si_signo == SIGTRAP && info->si_code == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
}

bool registers_are_replaced(pid_t tid) {
    siginfo_t info;
    return ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 && is_exec(&info);
}

bool registers_are_there(pid_t tid) {
    siginfo_t info;
    return ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 ? !is_exec(&info) : errno != ESRCH;
}

#if defined(__x86_64__)

#define CODE_SEGMENT_64 0x33U /* __USER_CS, arch/x86/include/asm/segment.h */

/* PTRACE_GETREGS shows the 64-bit registers of 32-bit programs, too; GETREGSET would not. */
int registers_get(pid_t tid, struct registers *registers) {
    if (ptrace(PTRACE_GETREGS, tid, NULL, &registers->user) != 0)
        return -errno;
    registers->arch = registers->user.cs == CODE_SEGMENT_64 ? ARCH_AUDIT : ARCH_COMPAT_AUDIT;
    return 0;
}

/* The kernel sets this before it tells of a call (arch/x86/entry/common.c), and so does gVisor. */
bool registers_may_begin(const struct registers *registers) {
    return registers_result(registers) == -ENOSYS;
}

static int write_all(pid_t tid, const struct registers *registers) {
    return ptrace(PTRACE_SETREGS, tid, NULL, &registers->user) == 0 ? 0 : -errno;
}

int32_t registers_number(const struct registers *registers) {
    return (int32_t)registers->user.orig_rax;
}

static const unsigned long long *argument(const struct registers *registers, int index) {
    const struct user_regs_struct *user = &registers->user;
    const unsigned long long *const native[] = {&user->rdi, &user->rsi, &user->rdx,
                                                &user->r10, &user->r8,  &user->r9};
    const unsigned long long *const compat[] = {&user->rbx, &user->rcx, &user->rdx,
                                                &user->rsi, &user->rdi, &user->rbp};
    return (registers->arch == ARCH_AUDIT ? native : compat)[index];
}

uint64_t registers_argument(const struct registers *registers, int index) {
    uint64_t value = *argument(registers, index);
    return registers->arch == ARCH_AUDIT ? value : (uint32_t)value;
}

uint64_t registers_address(const struct registers *registers) {
    return registers->user.rip;
}

bool registers_of_call(const struct registers *registers) {
    return (int64_t)registers->user.orig_rax >= 0;
}

uint64_t registers_stack(const struct registers *registers) {
    uint64_t value = registers->user.rsp;
    return registers->arch == ARCH_AUDIT ? value : (uint32_t)value;
}

static void set_argument(struct registers *registers, int index, uint64_t value) {
    *(unsigned long long *)(uintptr_t)argument(registers, index) = value;
}

int64_t registers_result(const struct registers *registers) {
    int64_t result = (int64_t)registers->user.rax;
    return registers->arch == ARCH_AUDIT ? result : (int32_t)result;
}

static void set_result(struct registers *registers, int64_t result) {
    registers->user.rax = (unsigned long long)result;
}

static int write_call(pid_t tid, struct registers *registers, int32_t number) {
    registers->user.orig_rax = (unsigned long long)number;
    return write_all(tid, registers);
}

static void forget_call(struct registers *registers) {
    registers->user.orig_rax = (unsigned long long)NO_CALL;
}

static void repeat_as(struct registers *registers, int32_t number) {
    registers->user.rax = (unsigned long long)number;
    forget_call(registers); /* nothing for the kernel to restart */
    registers->user.rip -= ARCH_CALL_INSTRUCTION;
}

static void set_address(struct registers *registers, uint64_t address) {
    registers->user.rip = address;
}

bool registers_makes_again(const struct registers *registers, int32_t number, uint64_t first,
                           uint64_t back, int64_t result) {
    (void)first;
    return registers_of_call(registers) && registers_number(registers) == number &&
           registers_result(registers) == result && registers_address(registers) == back;
}

int registers_make_again(pid_t tid, const struct registers *before) {
    return registers_repeat_call(tid, before);
}

#elif defined(__aarch64__)

int registers_get(pid_t tid, struct registers *registers) {
    struct iovec part = {&registers->user, sizeof registers->user};
    if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &part) != 0)
        return -errno;
    /* Those of a 32-bit program are fewer, and others. */
    registers->arch = part.iov_len == sizeof registers->user ? ARCH_AUDIT : 0;
    return 0;
}

bool registers_may_begin(const struct registers *registers) {
    (void)registers; /* the first argument and the result share a register */
    return true;
}

static int write_all(pid_t tid, const struct registers *registers) {
    struct iovec part = {(void *)(uintptr_t)&registers->user, sizeof registers->user};
    return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &part) == 0 ? 0 : -errno;
}

int32_t registers_number(const struct registers *registers) {
    return (int32_t)registers->user.regs[8];
}

uint64_t registers_argument(const struct registers *registers, int index) {
    return registers->user.regs[index];
}

uint64_t registers_address(const struct registers *registers) {
    return registers->user.pc;
}

bool registers_of_call(const struct registers *registers) {
    (void)registers;
    return true;
}

uint64_t registers_stack(const struct registers *registers) {
    return registers->user.sp;
}

static void set_argument(struct registers *registers, int index, uint64_t value) {
    registers->user.regs[index] = value;
}

int64_t registers_result(const struct registers *registers) {
    return (int64_t)registers->user.regs[0];
}

static void set_result(struct registers *registers, int64_t result) {
    registers->user.regs[0] = (unsigned long long)result;
}

static int write_call(pid_t tid, struct registers *registers, int32_t number) {
    struct iovec call = {&number, sizeof number};
    if (number != NO_CALL)
        registers->user.regs[8] = (unsigned long long)number;
    if (ptrace(PTRACE_SETREGSET, tid, (void *)K_NT_ARM_SYSTEM_CALL, &call) != 0)
        return -errno;
    return write_all(tid, registers);
}

static void forget_call(struct registers *registers) {
    (void)registers; /* the kernel decides that before it tells of a signal */
}

static void repeat_as(struct registers *registers, int32_t number) {
    registers->user.regs[8] = (unsigned long long)number;
    registers->user.pc -= ARCH_CALL_INSTRUCTION;
}

static void set_address(struct registers *registers, uint64_t address) {
    registers->user.pc = address;
}

/* The kernel has gone back to the instruction before it tells of it (arch/arm64/kernel/signal.c).
 */
bool registers_makes_again(const struct registers *registers, int32_t number, uint64_t first,
                           uint64_t back, int64_t result) {
    (void)result;
    return registers_number(registers) == number && registers_argument(registers, 0) == first &&
           registers_address(registers) == back - ARCH_CALL_INSTRUCTION;
}

int registers_make_again(pid_t tid, const struct registers *before) {
    return registers_are_replaced(tid) ? -ESRCH : write_all(tid, before);
}

#endif

/* ---- the same on each architecture, by what stands above: write_call() makes the call that is
 * about to run another one, repeat_as() goes back to the instruction that makes a call ---- */

static int put(pid_t tid, const struct registers *registers) {
    return registers_are_replaced(tid) ? -ESRCH : write_all(tid, registers);
}

static int put_call(pid_t tid, struct registers *registers, int32_t number) {
    return registers_are_replaced(tid) ? -ESRCH : write_call(tid, registers, number);
}

static void set_arguments(struct registers *registers, const uint64_t *arguments, int count) {
    for (int i = 0; i < count; i++)
        set_argument(registers, i, arguments[i]);
}

int registers_set_argument(pid_t tid, struct registers *registers, int index, uint64_t value) {
    set_argument(registers, index, value);
    return put(tid, registers);
}

int registers_skip(pid_t tid, struct registers *registers, int64_t result) {
    set_result(registers, result);
    return put_call(tid, registers, NO_CALL);
}

int registers_replace_call(pid_t tid, const struct registers *before, int32_t number,
                           const uint64_t *arguments, int count) {
    struct registers registers = *before;
    set_arguments(&registers, arguments, count);
    return put_call(tid, &registers, number);
}

int registers_finish_call(pid_t tid, const struct registers *before, int64_t result) {
    struct registers registers = *before;
    set_result(&registers, result);
    return put(tid, &registers);
}

int registers_end_call(pid_t tid, const struct registers *before, int64_t result) {
    struct registers registers = *before;
    forget_call(&registers);
    set_result(&registers, result);
    return put(tid, &registers);
}

int registers_next_call(pid_t tid, const struct registers *before, int32_t number,
                        const uint64_t *arguments, int count) {
    struct registers registers = *before;
    repeat_as(&registers, number);
    set_arguments(&registers, arguments, count);
    return put(tid, &registers);
}

int registers_repeat_call(pid_t tid, const struct registers *before) {
    return registers_next_call(tid, before, registers_number(before), NULL, 0);
}

int registers_go_to(pid_t tid, const struct registers *before, uint64_t address) {
    struct registers registers = *before;
    forget_call(&registers);
    set_address(&registers, address);
    return put(tid, &registers);
}
