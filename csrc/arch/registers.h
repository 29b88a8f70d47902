/* registers.h - the registers of a stopped call, ptrace(2): number, arguments, result.
 * Rule: a call is skipped by making its number -1, and its result is set at the same stop. */
#ifndef SPOOF_REGISTERS_H
#define SPOOF_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct registers {
    struct user_regs_struct user;
    uint32_t arch; /* AUDIT_ARCH_* of the call; 0: none that we know */
};

/* 0 or -errno. `arch` is that of the code that runs: int 0x80 in 64-bit code is told apart by
 * registers_call_info(). */
int registers_get(pid_t tid, struct registers *registers);
/* What the kernel says of the stop by itself: PTRACE_GET_SYSCALL_INFO, Linux 5.3. */
enum call_moment { MOMENT_UNKNOWN, MOMENT_BEGIN, MOMENT_END, MOMENT_SECCOMP };
struct call_info {
    enum call_moment moment; /* MOMENT_UNKNOWN: nothing; then the rest means nothing either */
    uint32_t arch;           /* AUDIT_ARCH_* of the call */
    int32_t number;          /* but for MOMENT_END */
};
struct call_info registers_call_info(pid_t tid);
/* Can a stop with these registers lie at the begin of a call? */
bool registers_may_begin(const struct registers *registers);
int32_t registers_number(const struct registers *registers);
uint64_t registers_argument(const struct registers *registers, int index);
/* What the call has returned, at its end: -errno if it failed. */
int64_t registers_result(const struct registers *registers);
/* These two change the tracee; 0 or -errno. */
int registers_set_argument(pid_t tid, struct registers *registers, int index, uint64_t value);
int registers_skip(pid_t tid, struct registers *registers, int64_t result);
/* At the begin of a call: makes it another one, with these arguments; `before` stays as it was. */
int registers_replace_call(pid_t tid, const struct registers *before, int32_t number,
                           const uint64_t *arguments, int count);
/* At the end of a call that was replaced: everything is as if the call before had returned this. */
int registers_finish_call(pid_t tid, const struct registers *before, int64_t result);
/* ... or a further call is made next. */
int registers_next_call(pid_t tid, const struct registers *before, int32_t number,
                        const uint64_t *arguments, int count);
/* ... or as if it had not begun: it is made next. */
int registers_repeat_call(pid_t tid, const struct registers *before);

#endif
