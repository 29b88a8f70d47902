/* inject.c - opens files in a traced program by a call of its own.
 * Rule: no memory of the program is written; the name of the file is the path that it asked for,
 * which is how the file is known again (content/snapshot.h). Only the tracer calls this. */
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../content/snapshot.h"
#include "../supervisor/server.h"

static int32_t memfd_number(uint32_t arch) {
#ifdef ARCH_COMPAT_AUDIT
    if (arch == ARCH_COMPAT_AUDIT)
        return COMPAT_NUMBER_MEMFD_CREATE;
#endif
    return arch == ARCH_AUDIT ? NUMBER_MEMFD_CREATE : -1;
}

static int32_t close_number(uint32_t arch) {
#ifdef ARCH_COMPAT_AUDIT
    if (arch == ARCH_COMPAT_AUDIT)
        return COMPAT_NUMBER_CLOSE;
#endif
    (void)arch;
    return NUMBER_CLOSE;
}

/* Where a name begins that the kernel takes: the end of the path, if it is longer. */
static uint64_t name_address(struct stopped_call *call, const struct known_call *known) {
    uint64_t address = call->arguments[known->task == TASK_OPEN ? 0 : 1];
    char path[TRACEE_PATH_MAX];
    ssize_t length = tracee_read_path(call, address, path);
    if (length < 0)
        return 0;
    return length > SNAPSHOT_NAME_MAX ? address + (uint64_t)(length - SNAPSHOT_NAME_MAX) : address;
}

struct injection *inject_begin(pid_t tid, const struct trace_stop *stop, int fd,
                               uint32_t fd_flags) {
    struct trace_stop own = *stop;
    struct stopped_call call = trace_call(tid, &own);
    const struct known_call *known = known_call(call.arch, call.number);
    int32_t number = memfd_number(call.arch);
    struct injection *injection = malloc(sizeof *injection);
    uint64_t name = known && number >= 0 && injection ? name_address(&call, known) : 0;
    const uint64_t arguments[] = {name,
                                  K_MFD_ALLOW_SEALING | (fd_flags & O_CLOEXEC ? K_MFD_CLOEXEC : 0)};
    if (name == 0 || registers_replace_call(tid, &stop->registers, number, arguments, 2) != 0) {
        free(injection);
        close(fd);
        return NULL;
    }
    *injection = (struct injection){.before = stop->registers, .fd = fd};
    return injection;
}

/* The file that the program has made becomes what it is to read. */
static bool fill(struct server *server, pid_t tid, int64_t number, int snapshot) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/fd/%d", tid, (int)number);
    /* Only its owner may open and change it. */
    if (become_self(server) != 0)
        abort(); /* never go on as somebody else */
    int fd = open(name, O_RDWR | O_CLOEXEC);
    bool filled = fd >= 0 && snapshot_copy(snapshot, fd) == 0;
    if (resume_identity(server) != 0)
        abort();
    if (fd >= 0)
        close(fd);
    return filled;
}

static bool is_true_error(int64_t result) {
    return result == -EMFILE || result == -ENFILE || result == -ENOMEM;
}

enum injected inject_end(struct server *server, pid_t tid, struct injection *injection) {
    struct registers now;
    int64_t result = registers_get(tid, &now) == 0 ? registers_result(&now) : -ESRCH;
    bool opened = result >= 0 && !injection->closing;
    enum injected injected = INJECTED_FAILED;
    if (is_true_error(result) || (opened && fill(server, tid, result, injection->fd))) {
        registers_finish_call(tid, &injection->before, result);
        injected = INJECTED_DONE;
    } else if (opened) {
        const uint64_t number = (uint64_t)result;
        injection->closing = true;
        registers_next_call(tid, &injection->before, close_number(injection->before.arch), &number,
                            1);
        return INJECTED_AGAIN;
    } else {
        registers_repeat_call(tid, &injection->before);
    }
    inject_forget(injection);
    return injected;
}

void inject_forget(struct injection *injection) {
    close(injection->fd);
    free(injection);
}
