/* trace.c - ptrace as a mechanism: how a stopped call is read, written and answered.
 * Rule: what needs the tracer (registers) is put off to trace_answer(), which only the tracer
 * calls; it touches no memory that somebody else may have to fetch, a thread of the pool does. */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../tracee/memory.h"
#include "../tracee/rights.h"
#include "filter.h"
#include "page_maps.h"
#include "trace_aside.h"

#define OUR_MESSAGE 0x5350U /* SECCOMP_RET_DATA of our filter */

int trace_install(uint32_t groups, uint64_t agent) {
    groups |= CALLS_OF_TRACER | filter_changes_of(groups) | (agent != 0 ? CALLS_OF_AGENT : 0);
    return filter_install(groups, agent, K_SECCOMP_RET_TRACE | OUR_MESSAGE, 0);
}

static long seize_options;

int trace_seize(pid_t tid, bool every_call) {
    seize_options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                    PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
    if (!every_call)
        seize_options |= PTRACE_O_TRACESECCOMP;
    if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)seize_options) != 0)
        return -errno;
    if (!every_call)
        return 0;
    /* Stop it once, so that it goes on from call to call. */
    return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0 ? 0 : -errno;
}

bool trace_is_ours(pid_t tid) {
    unsigned long message = OUR_MESSAGE;
    return ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message) != 0 || message == OUR_MESSAGE;
}

bool trace_suspend_filters(pid_t tid, bool suspend) {
    const long wanted = seize_options | (suspend ? K_PTRACE_O_SUSPEND_SECCOMP : 0);
    return ptrace(PTRACE_SETOPTIONS, tid, NULL, (void *)wanted) == 0;
}

bool trace_may_suspend_filters(pid_t tid) {
    static bool refused; /* once EPERM or EINVAL, always */
    if (refused || (trace_suspend_filters(tid, true) && trace_suspend_filters(tid, false)))
        return !refused;
    refused = errno != ESRCH;
    return false;
}

/* Of another user's program only its owner may open it, whatever may be traced. */
static int open_memory(struct server *server, pid_t tid) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/mem", tid);
    if (server && rights_own(server) != 0)
        return -1;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (server)
        rights_must_usual(server);
    return fd;
}

static size_t accessible(pid_t tid, uint64_t address, size_t length, char access) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/maps", tid);
    return trace_aside_accessible(fopen(name, "re"), address, length, access);
}

/* Where process_vm_readv is missing (gVisor before 2023). Opened anew each time: after an execve a
 * kept descriptor reads the memory of another program. */
static ssize_t read_by_file(const struct stopped_call *call, uint64_t address, void *to,
                            size_t length) {
    int fd = open_memory(call->server, call->tid);
    if (fd < 0)
        return -EPERM;
    const size_t may = accessible(call->tid, address, length, 'r');
    ssize_t got = pread(fd, to, may, (off_t)address);
    close(fd);
    return got > 0 ? got : -EFAULT;
}

/* Once ENOSYS, always ENOSYS. */
static _Atomic bool no_process_vm;

/* A page may come from a FUSE server, or a userfaultfd(2): a traced program, which waits for us. */
static bool may_touch(const struct stopped_call *call, uint64_t address, size_t length) {
    return !call->server || !call->server->receiving ||
           memory_is_present(call->tid, address, length) || server_step_aside(call->server);
}

static ssize_t trace_read(struct stopped_call *call, uint64_t address, void *to, size_t length) {
    struct iovec local = {to, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};
    if (!may_touch(call, address, length))
        return -EBUSY;
    if (no_process_vm)
        return read_by_file(call, address, to, length);
    ssize_t got = process_vm_readv(call->tid, &local, 1, &remote, 1, 0);
    if (got >= 0)
        return got;
    no_process_vm = errno == ENOSYS;
    return errno == ENOSYS || errno == EPERM ? read_by_file(call, address, to, length) : -errno;
}

/* ... or for its writers, as a page of a file. At the end of a call the kernel has just written
 * there. */
static bool may_write(const struct stopped_call *call, uint64_t address, size_t length) {
    const struct trace_stop *stop = call->stop;
    if (stop->ended)
        return may_touch(call, address, length);
    return !call->server || !call->server->receiving ||
           page_map_takes(call->tid, address, length, false) || server_step_aside(call->server);
}

static int trace_write(struct stopped_call *call, uint64_t address, const void *from,
                       size_t length) {
    struct trace_stop *stop = call->stop;
    struct server *server = call->server;
    if (length > sizeof stop->bytes)
        return -E2BIG;
    if (!may_write(call, address, length))
        return -EBUSY;
    /* The pool writes at once what the tracer might have to wait for. */
    if (server && !server->receiving && !no_process_vm &&
        !page_map_takes_once(server, call->tid, address, length))
        return trace_aside_write(call, address, from, length);
    memcpy(stop->bytes, from, length);
    stop->address = address;
    stop->length = length;
    return 0;
}

/* Word by word; PTRACE_POKEDATA writes through read-only pages, where the kernel's own copy to the
 * program would fail, so the page is asked first. */
static int poke(pid_t tid, uint64_t address, const uint8_t *bytes, size_t length) {
    for (size_t done = 0; done < length; done += sizeof(long)) {
        long word = 0;
        void *at = (void *)(uintptr_t)(address + done);
        size_t part = length - done < sizeof word ? length - done : sizeof word;
        errno = 0;
        if (part < sizeof word)
            word = ptrace(PTRACE_PEEKDATA, tid, at, NULL);
        if (errno != 0)
            return -EFAULT;
        memcpy(&word, bytes + done, part);
        if (ptrace(PTRACE_POKEDATA, tid, at, (void *)word) != 0)
            return -EFAULT;
    }
    return 0;
}

int trace_poke_code(pid_t tid, uint64_t address, const void *bytes, size_t length) {
    return registers_are_replaced(tid) ? -ESRCH : poke(tid, address, bytes, length);
}

int trace_poke(pid_t tid, uint64_t address, const void *bytes, size_t length) {
    struct iovec local = {(void *)(uintptr_t)bytes, length};
    struct iovec remote = {(void *)(uintptr_t)address, length};
    if (registers_are_replaced(tid))
        return -ESRCH;
    ssize_t put = no_process_vm ? -1 : process_vm_writev(tid, &local, 1, &remote, 1, 0);
    if (put >= 0)
        return (size_t)put == length ? 0 : -EFAULT;
    if (!no_process_vm && errno != ENOSYS && errno != EPERM)
        return -errno;
    const size_t may = accessible(tid, address, length, 'w');
    if (registers_are_replaced(tid)) /* that has taken long */
        return -ESRCH;
    const int error = poke(tid, address, bytes, may);
    return error == 0 && may < length ? -EFAULT : error;
}

int trace_flush(struct stopped_call *call) {
    struct trace_stop *stop = call->stop;
    return stop->length != 0 ? trace_poke(call->tid, stop->address, stop->bytes, stop->length) : 0;
}

static bool trace_still_stopped(struct stopped_call *call) {
    const struct server *server = call->server;
    return server && !server->receiving ? trace_aside_still_stopped(call)
                                        : registers_are_there(call->tid);
}

static int trace_answer(struct stopped_call *call, int64_t value) {
    struct trace_stop *stop = call->stop;
    int error = trace_flush(call);
    /* The kernel would fail there as well; but where a rule alone makes the file, not so. */
    if (error == 0 || error == -EFAULT)
        error = registers_skip(call->tid, &stop->registers, error != 0 ? error : value);
    return error == -ESRCH ? -ENOENT : error;
}

static int trace_let_run(struct stopped_call *call) {
    (void)call; /* going on is the same for all stops: the tracer does it */
    return 0;
}

static const struct mechanism trace_mechanism = {
    .name = "trace",
    .replaces_paths = true,
    .read = trace_read,
    .write = trace_write,
    .still_stopped = trace_still_stopped,
    .answer = trace_answer,
    .let_run = trace_let_run,
};

int trace_stop_read(pid_t tid, struct trace_stop *stop) {
    struct registers *registers = &stop->registers;
    int error = registers_get(tid, registers);
#ifdef ARCH_COMPAT_AUDIT
    /* `int 0x80` in 64-bit code looks like a 64-bit call with the same number. */
    if (error == 0 && registers->arch == ARCH_AUDIT &&
        known_call(ARCH_COMPAT_AUDIT, registers_number(registers))) {
        struct call_info info = registers_call_info(tid);
        if (info.moment != MOMENT_UNKNOWN)
            registers->arch = info.arch;
    }
#endif
    return error;
}

struct stopped_call trace_call_again(pid_t tid, struct trace_stop *stop) {
    struct stopped_call call = {
        .tid = tid,
        .arch = stop->registers.arch,
        .number = registers_number(&stop->registers),
        .mechanism = &trace_mechanism,
        .stop = stop,
    };
    for (int i = 0; i < 6; i++)
        call.arguments[i] = registers_argument(&stop->registers, i);
    return call;
}

struct stopped_call trace_call(pid_t tid, struct trace_stop *stop) {
    stop->length = 0;
    stop->ended = false;
    return trace_call_again(tid, stop);
}
