/* inject_clone.c - children that ask not to be traced, by clone(2) and clone3(2).
 * Rule: they are traced, or not made. Nothing but that is to be seen: arguments of clone3 stay as
 * they are, wherever they lie, because the call gets a copy; and what was changed for the call is
 * as it was before parent or child goes on. */
#include "inject.h"

#include <string.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../tracee/server.h"

/* What the latest such calls have changed: a child begins with the same registers and memory. */
#define CHANGES 8U
static struct change {
    uint64_t address; /* of the call; 0: none, or its child has been found */
    uint32_t arch;
    int32_t number;
    uint64_t given[2];      /* its first two arguments, ... */
    uint64_t original[2];   /* ... and what the program has made it with */
    struct scratch scratch; /* of a child with memory of its own; else nothing */
} changes[CHANGES];
static unsigned changes_made;

/* Where the result has taken the place of the first argument, in a child, too. */
#define FIRST (ARCH_TELLS_BEGIN ? 0 : 1)

/* Does the child come out of that call? Nothing tells those of two processes that have made the
 * very same one. */
static bool is_child_of(const struct change *change, struct registers *registers) {
    registers->arch = change->arch; /* int 0x80 in 64-bit code */
    bool is = change->address != 0 && registers_address(registers) == change->address &&
              registers_number(registers) == change->number && registers_result(registers) == 0;
    for (int i = FIRST; i < 2; i++)
        is = is && registers_argument(registers, i) == change->given[i];
    return is;
}

static void note_change(const struct change *change) {
    unsigned place = changes_made++ % CHANGES;
    for (unsigned i = 0; i < CHANGES; i++)
        if (changes[i].address == change->address && changes[i].arch == change->arch &&
            memcmp(changes[i].given, change->given, sizeof change->given) == 0)
            place = i; /* that call has made no child */
    changes[place] = *change;
}

/* Is all that lies behind what we copy zero? If not the kernel refuses it (E2BIG). */
static bool rest_is_zero(struct stopped_call *call, uint64_t address, size_t length) {
    static const uint8_t zero[1024];
    uint8_t bytes[sizeof zero];
    while (length > 0) {
        const size_t part = length < sizeof bytes ? length : sizeof bytes;
        if (tracee_read(call, address, bytes, part) != (ssize_t)part ||
            memcmp(bytes, zero, part) != 0)
            return false;
        address += part;
        length -= part;
    }
    return true;
}

/* Puts a copy without that flag below the stack, or takes it out where it stands, until the call
 * has ended. False: neither can be written. */
static bool put_arguments(struct stopped_call *call, struct injection *injection,
                          struct change *change, uint64_t *copy, size_t size, bool touched) {
    copy[0] &= ~(uint64_t)K_CLONE_UNTRACED;
    if (scratch_put(call, &injection->before, copy, size, &injection->scratch) == 0) {
        change->given[0] = injection->scratch.address;
        change->given[1] = size;
        return true;
    }
    /* A page that is not there: the pool comes first. */
    if (!touched && !server_step_aside(call->server))
        return false;
    return scratch_put_at(call, change->original[0], copy, sizeof *copy, &injection->scratch) == 0;
}

/* The arguments of clone3(2): the flags come first. False: it does not ask, or the kernel fails. */
static bool read_arguments(struct stopped_call *call, uint64_t *copy, size_t *length) {
    const uint64_t address = call->arguments[0], size = call->arguments[1];
    *length = size < SCRATCH_MAX ? size : SCRATCH_MAX;
    return size >= sizeof *copy && size <= (uint64_t)sysconf(_SC_PAGESIZE) &&
           tracee_read(call, address, copy, *length) == (ssize_t)*length &&
           (copy[0] & K_CLONE_UNTRACED) != 0 &&
           rest_is_zero(call, address + *length, size - *length);
}

struct injection *inject_clone(struct server *server, pid_t tid, const struct trace_stop *stop,
                               bool touched, bool *refused) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    const struct known_call *known = known_call(call.arch, call.number);
    const bool by_pointer = known && known->task == TASK_CLONE3;
    uint64_t copy[SCRATCH_MAX / sizeof(uint64_t)] = {call.arguments[0]};
    size_t length = 0;
    struct change change = {
        .address = registers_address(&stop->registers),
        .arch = call.arch,
        .number = call.number,
        .given = {call.arguments[0], call.arguments[1]},
        .original = {call.arguments[0], call.arguments[1]},
    };
    call.server = server;
    *refused = false;
    if (by_pointer ? !read_arguments(&call, copy, &length) : !(copy[0] & K_CLONE_UNTRACED))
        return NULL;
    *refused = true;
    struct injection *injection = injection_new(stop, INJECTION_CLONE);
    if (!injection)
        return NULL;
    if (!by_pointer)
        change.given[0] &= ~(uint64_t)K_CLONE_UNTRACED;
    if ((!by_pointer || put_arguments(&call, injection, &change, copy, length, touched)) &&
        registers_replace_call(tid, &injection->before, call.number, change.given, 2) == 0) {
        if (!(copy[0] & K_CLONE_VM))
            change.scratch = injection->scratch;
        note_change(&change);
        *refused = false;
        return injection;
    }
    scratch_take_back(tid, &injection->scratch);
    injection_forget(injection);
    return NULL;
}

void inject_begin_child(pid_t tid) {
    struct registers registers;
    if (changes_made == 0 || registers_get(tid, &registers) != 0)
        return;
    for (unsigned i = 0; i < CHANGES; i++) {
        struct change *change = &changes[i];
        if (!is_child_of(change, &registers))
            continue;
        scratch_take_back(tid, &change->scratch);
        for (int j = FIRST; j < 2; j++)
            registers_set_argument(tid, &registers, j, change->original[j]);
        change->address = 0;
        return;
    }
}
