/* inject_clone.c - children that ask not to be traced, by clone3(2).
 * Rule: the arguments stay as they are, wherever they lie: the call gets a copy of them. */
#include "inject.h"

#include <stdlib.h>

#include "../arch/kernel.h"

/* The latest copies of arguments: the register that points there is the child's, too. */
#define COPIES 8U
static struct { uint64_t address, original; } copies[COPIES];
static unsigned copies_made;

struct injection *inject_clone(struct server *server, pid_t tid, const struct trace_stop *stop) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    const uint64_t original = call.arguments[0];
    const size_t size = call.arguments[1];
    uint64_t copy[SCRATCH_MAX / sizeof(uint64_t)]; /* struct clone_args: the flags come first */
    call.server = server;
    if (size < sizeof *copy || size > sizeof copy ||
        tracee_read(&call, original, copy, size) != (ssize_t)size || !(copy[0] & K_CLONE_UNTRACED))
        return NULL; /* or the kernel fails, too */
    copy[0] &= ~(uint64_t)K_CLONE_UNTRACED;
    struct injection *injection = calloc(1, sizeof *injection);
    if (!injection) {
        trace_poke(tid, original, copy, sizeof *copy); /* no memory */
        return NULL;
    }
    injection->before = stop->registers;
    injection->fd = -1;
    injection->step = INJECTION_CLONE;
    if (scratch_put(&call, &injection->before, copy, size, &injection->scratch) == 0) {
        copies[copies_made % COPIES].address = injection->scratch.address;
        copies[copies_made++ % COPIES].original = original;
        if (registers_set_argument(tid, &own.registers, 0, injection->scratch.address) == 0)
            return injection;
        scratch_take_back(tid, &injection->scratch);
    } else {
        trace_poke(tid, original, copy, sizeof *copy); /* there is no room */
    }
    injection_forget(injection);
    return NULL;
}

void inject_begin_child(pid_t tid) {
    struct registers registers;
    const struct known_call *known = NULL;
    if (copies_made > 0 && registers_get(tid, &registers) == 0 && registers_result(&registers) == 0)
        known = known_call(registers.arch, registers_number(&registers));
    if (!known || known->task != TASK_CLONE3)
        return;
    for (unsigned i = 0; i < COPIES && i < copies_made; i++)
        if (copies[i].address == registers_argument(&registers, 0)) {
            registers_set_argument(tid, &registers, 0, copies[i].original);
            return;
        }
}
