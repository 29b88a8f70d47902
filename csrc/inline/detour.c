/* detour.c - ptrace(2), for as long as it takes a thread to make a few calls.
 * Rule: as in its header. The stop is answered with an error by which the kernel makes a call again
 * (ERESTARTNOINTR); the trap that was asked for before comes first, and there the thread has left
 * the call, but not made it again yet. At the end it gets the registers of that moment back, so no
 * handler of its ever comes back to code of ours, unless we die in between. */
#include "detour.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "../arch/kernel.h"
#include "../arch/registers.h"

enum stop { STOP_TRAP, STOP_CALL, STOP_SIGNAL, STOP_ENDED };

/* `signal`: that is to be delivered, which SIGSTOP alone can be here; or 0. */
static enum stop wait_for_stop(pid_t tid, int *signal) {
    int status;
    pid_t got;
    do
        got = waitpid(tid, &status, __WALL);
    while (got < 0 && errno == EINTR);
    if (got != tid || !WIFSTOPPED(status))
        return STOP_ENDED;
    const int stopped_by = WSTOPSIG(status);
    const bool is_event = status >> 16 == PTRACE_EVENT_STOP;
    *signal = is_event || stopped_by == K_CALL_STOP ? 0 : stopped_by;
    if (stopped_by == K_CALL_STOP)
        return STOP_CALL;
    return is_event && stopped_by == SIGTRAP ? STOP_TRAP : STOP_SIGNAL;
}

static bool has_left_call(const struct stopped_call *call, const struct registers *registers,
                          uint64_t back) {
    return registers_makes_again(registers, call->number, call->arguments[0], back,
                                 -K_ERESTARTNOINTR);
}

static int set_mask(pid_t tid, uint64_t mask) {
    return ptrace(PTRACE_SETSIGMASK, tid, (void *)(uintptr_t)K_SIGNAL_SET_SIZE, &mask) == 0
               ? 0
               : -errno;
}

/* To the next begin or end of a call. It may be stopped together with all others meanwhile, and
 * will be so again when it is let go. */
static bool go_on(pid_t tid) {
    int signal = 0;
    for (;;) {
        if (ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(intptr_t)signal) != 0)
            return false;
        const enum stop stop = wait_for_stop(tid, &signal);
        if (stop == STOP_CALL || stop == STOP_ENDED)
            return stop == STOP_CALL;
    }
}

static bool make_calls(pid_t tid, struct detour *detour) {
    struct registers now;
    while (detour->made < detour->calls) {
        const bool begun = go_on(tid);
        if (!begun || !go_on(tid) || registers_get(tid, &now) != 0)
            return false;
        detour->results[detour->made++] = registers_result(&now);
    }
    return true;
}

/* The registers first: with these the code gives the signals back by itself. On the way back the
 * signals first: with these it does so once more. */
static void redirect(const struct stopped_call *call, struct detour *detour) {
    struct registers before;
    const pid_t tid = call->tid;
    if (registers_get(tid, &before) != 0 || !has_left_call(call, &before, detour->back))
        return;
    detour->over = registers_go_to(tid, &before, detour->address) != 0;
    if (!detour->over && set_mask(tid, UINT64_MAX) == 0 && make_calls(tid, detour))
        detour->over = set_mask(tid, detour->mask) == 0 && registers_make_again(tid, &before) == 0;
}

enum inline_outcome detour_make(struct stopped_call *call, struct detour *detour) {
    const pid_t tid = call->tid;
    int signal;
    if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)PTRACE_O_TRACESYSGOOD) != 0)
        return errno == EPERM ? INLINE_TRACED : INLINE_NO_ACCESS;
    /* Once it is asked to stop it is ours until it does, or has ended: if one of these fails it is
     * being killed, and waits for nobody. */
    detour->away = true;
    detour->over = true;
    const bool goes = ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0 &&
                      call->mechanism->answer(call, -K_ERESTARTNOINTR) == 0;
    if (wait_for_stop(tid, &signal) == STOP_TRAP && goes)
        redirect(call, detour);
    return detour->made == detour->calls ? INLINE_NOTHING : INLINE_NO_ACCESS;
}

/* One that is being killed cannot be let go: it waits for us to be told of its end, and who
 * executes another program for it. */
void detour_leave(const struct stopped_call *call) {
    int signal;
    while (ptrace(PTRACE_DETACH, call->tid, NULL, NULL) != 0 &&
           wait_for_stop(call->tid, &signal) != STOP_ENDED)
        ;
}
