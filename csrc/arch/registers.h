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
    enum call_moment moment; /* MOMENT_UNKNOWN: nothing */
    uint32_t arch;           /* AUDIT_ARCH_* of the call; 0: not known */
    union {
        int32_t number; /* else */
        int32_t result; /* MOMENT_END */
    };
    uint64_t argument; /* MOMENT_BEGIN: the first one */
    uint64_t address;  /* of the instruction that comes next */
};
struct call_info registers_call_info(pid_t tid);
/* Can a stop with these registers lie at the begin of a call? */
bool registers_may_begin(const struct registers *registers);
int32_t registers_number(const struct registers *registers);
uint64_t registers_argument(const struct registers *registers, int index);
/* What the call has returned, at its end: -errno if it failed. */
int64_t registers_result(const struct registers *registers);
/* Where the thread goes on. */
uint64_t registers_address(const struct registers *registers);
/* Does the thread come out of a call, at a stop that is about something else? Where the registers
 * do not tell (ARCH_TELLS_BEGIN), the caller has to know. */
bool registers_of_call(const struct registers *registers);
uint64_t registers_stack(const struct registers *registers);
/* Has another thread taken the id over by execve(2), and is its stop there not told yet? What the
 * tracer knows as the stop of this id is over then, and nothing of it may reach the new program:
 * ptrace(2), "execve(2) under ptrace". */
bool registers_are_replaced(pid_t tid);
/* Is it still stopped as the tracer knows it: neither that, nor killed? */
bool registers_are_there(pid_t tid);
/* The following change the tracee: 0 or -errno, -ESRCH where they are replaced. */
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
/* At a stop behind the end of a call: it returns this, and is not made again whatever that is. */
int registers_end_call(pid_t tid, const struct registers *before, int64_t result);
/* ... or as if it had not begun: it is made next. */
int registers_repeat_call(pid_t tid, const struct registers *before);
/* ... and the call is one that the kernel makes again by itself, after it has returned this: is it
 * that one, which returns to `back`? */
bool registers_makes_again(const struct registers *registers, int32_t number, uint64_t first,
                           uint64_t back, int64_t result);
/* ... from code that it was sent to instead: it has these registers again, and makes it. */
int registers_make_again(pid_t tid, const struct registers *before);
/* ... or it goes on at this address, and no call is made again. */
int registers_go_to(pid_t tid, const struct registers *before, uint64_t address);

#endif
