/* detour.c - ptrace(2), for as long as it takes a thread to leave its call.
 * Rule: as in its header. The stop is answered with an error by which the kernel makes a call again
 * (ERESTARTNOINTR); the trap that was asked for before comes first, and there the thread has left
 * the call, but not made it again yet. */
#include "detour.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../arch/kernel.h"
#include "../arch/registers.h"

#define SIGNAL_SET_SIZE 8
#define EVENT_OF(status) ((status) >> 16)

/* Is it at the trap that was asked for, and not stopped together with all others? */
static bool is_trapped(pid_t tid) {
    int status;
    pid_t got;
    do
        got = waitpid(tid, &status, __WALL);
    while (got < 0 && errno == EINTR);
    return got == tid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP &&
           EVENT_OF(status) == PTRACE_EVENT_STOP;
}

static bool has_left_call(const struct stopped_call *call, const struct registers *registers,
                          uint64_t back) {
    return registers_of_call(registers) && registers_number(registers) == call->number &&
           registers_result(registers) == -K_ERESTARTNOINTR && registers_address(registers) == back;
}

/* The registers first: with these the code gives the signals back that it is to have. */
static void redirect(const struct stopped_call *call, uint64_t back, uint64_t address) {
    struct registers registers;
    uint64_t all = UINT64_MAX;
    if (registers_get(call->tid, &registers) == 0 && has_left_call(call, &registers, back) &&
        registers_go_to(call->tid, &registers, address) == 0)
        ptrace(PTRACE_SETSIGMASK, call->tid, (void *)SIGNAL_SET_SIZE, &all);
}

enum inline_outcome detour_make(struct stopped_call *call, uint64_t back, uint64_t address) {
    const pid_t tid = call->tid;
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
        return errno == EPERM ? INLINE_TRACED : INLINE_NO_ACCESS;
    /* Once it is asked to stop it is ours until it does, or has ended. */
    if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0 ||
        call->mechanism->answer(call, -K_ERESTARTNOINTR) != 0) {
        /* It is being killed, and waits for nobody. */
        is_trapped(tid);
        ptrace(PTRACE_DETACH, tid, NULL, NULL);
        return INLINE_AWAY;
    }
    if (is_trapped(tid))
        redirect(call, back, address);
    ptrace(PTRACE_DETACH, tid, NULL, NULL);
    return INLINE_AWAY;
}
