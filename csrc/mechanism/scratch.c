/* scratch.c - memory below the stack of a stopped thread, where a frame of a signal handler would
 * be. Rule: the 128 bytes that an ABI leaves to a function below its stack pointer are not touched,
 * and what lay there is put back before the thread goes on. */
#include "scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>

#include "page_maps.h"
#include "trace.h"

#define RED_ZONE 128U
#define ALIGNMENT 64U

int scratch_put_at(struct stopped_call *call, uint64_t address, const void *bytes, size_t length,
                   struct scratch *scratch) {
    struct stopped_call own = *call;
    own.server = NULL; /* nobody has to wait for what is there */
    scratch->address = 0;
    if (length > SCRATCH_MAX)
        return -E2BIG;
    if (!page_map_takes(call->tid, address, length, false) ||
        call->mechanism->read(&own, address, scratch->before, length) != (ssize_t)length)
        return -EFAULT;
    int error = trace_poke(call->tid, address, bytes, length);
    if (error != 0)
        return error;
    memcpy(scratch->put, bytes, length);
    scratch->address = address;
    scratch->length = length;
    return 0;
}

int scratch_put(struct stopped_call *call, const struct registers *registers, const void *bytes,
                size_t length, struct scratch *scratch) {
    const uint64_t stack = registers_stack(registers);
    scratch->address = 0;
    if (stack < RED_ZONE + SCRATCH_MAX + ALIGNMENT)
        return -E2BIG;
    const uint64_t address = (stack - RED_ZONE - length) & ~(uint64_t)(ALIGNMENT - 1);
    return scratch_put_at(call, address, bytes, length, scratch);
}

/* A call may wait for long, and another thread have its memory right below this stack: what it has
 * written meanwhile stays. */
static void keep_changes(pid_t tid, struct scratch *scratch) {
    for (size_t at = 0; at < scratch->length; at += sizeof(long)) {
        errno = 0;
        const long word =
            ptrace(PTRACE_PEEKDATA, tid, (void *)(uintptr_t)(scratch->address + at), NULL);
        if (errno != 0)
            return;
        uint8_t bytes[sizeof word];
        memcpy(bytes, &word, sizeof word);
        for (size_t i = 0; i < sizeof word && at + i < scratch->length; i++)
            if (bytes[i] != scratch->put[at + i])
                scratch->before[at + i] = bytes[i];
    }
}

void scratch_take_back(pid_t tid, struct scratch *scratch) {
    /* Another thread may have made its page one that somebody waits for. */
    if (scratch->address != 0 && page_map_takes(tid, scratch->address, scratch->length, true)) {
        keep_changes(tid, scratch);
        trace_poke(tid, scratch->address, scratch->before, scratch->length);
    }
    scratch->address = 0;
}
