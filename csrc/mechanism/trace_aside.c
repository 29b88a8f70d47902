/* trace_aside.c - asks procfs what only the tracer may ask by ptrace(2).
 * Rule: a thread id proves nothing: it may be another thread's by now (execve, SIGKILL). What is
 * held open is of whoever had it then; so it is opened first, then the call is proved, then used.
 */
#include "trace_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../process/again.h"
#include "../tracee/proc_text.h"
#include "../tracee/rights.h"
#include "../tracee/server.h"
#include "trace_stop.h"

/* gVisor has no /proc/TID/syscall; there what the tracer has seen has to do. */
static bool is_missing(int proc) {
    static _Atomic int missing = -1; /* not known yet */
    char text[256];
    if (missing < 0) {
        const ssize_t length = proc_text(proc, "self/syscall", text, sizeof text);
        if (length < 0 && length != -ENOENT)
            return false;
        missing = length < 0;
    }
    return missing == 1;
}

/* proc_pid_syscall(5): number, six arguments, stack, address of the next instruction. Of a 32-bit
 * call, which 64-bit code may make, too, only half of the stack's counts. */
static bool is_call(const char *text, const struct registers *registers) {
    unsigned long long stack, address;
    int number;
    return sscanf(text, "%d %*x %*x %*x %*x %*x %*x %llx %llx", &number, &stack, &address) == 3 &&
           number == registers_number(registers) &&
           (uint32_t)stack == (uint32_t)registers_stack(registers) &&
           address == registers_address(registers);
}

bool trace_aside_still_stopped(struct stopped_call *call) {
    const struct trace_stop *stop = call->stop;
    struct server *server = call->server;
    const int proc = server->context->proc;
    char text[256];
    ssize_t length = -ENOMEM;
    if (stop->over && *stop->over)
        return false;
    rights_must_own_user(server); /* whose file it is */
    for (int tries = 0; tries < TRIES_AT_ONCE && length < 0 && error_is_ours((int)-length); tries++)
        length = proc_text_of(proc, call->tid, "syscall", text, sizeof text);
    rights_must_usual(server);
    return length > 0 ? is_call(text, &stop->registers) : is_missing(proc);
}

size_t trace_aside_accessible(FILE *maps, uint64_t address, size_t length, char access) {
    char line[512];
    uint64_t need = address, end = address + length;
    while (maps && need < end && fgets(line, sizeof line, maps)) {
        unsigned long low, high;
        char modes[5];
        if (sscanf(line, "%lx-%lx %4s", &low, &high, modes) == 3 && low <= need && need < high) {
            if (!strchr(modes, access))
                break;
            need = high;
        }
    }
    if (maps)
        fclose(maps);
    return need < end ? need - address : length;
}

/* Of another user's program only its owner may open it, whatever may be traced. */
static int open_own(struct server *server, pid_t tid, const char *entry, int flags) {
    char name[64];
    snprintf(name, sizeof name, "%d/%s", tid, entry);
    int fd = -1;
    rights_must_own_user(server);
    for (int tries = 0; tries < TRIES_AT_ONCE && fd < 0 && (tries == 0 || error_is_ours(errno));
         tries++)
        fd = openat(server->context->proc, name, flags | O_CLOEXEC);
    rights_must_usual(server);
    return fd;
}

/* Where a userfaultfd(2) keeps writers waiting, /proc/TID/mem fails and this one waits, too. */
static ssize_t write_waiting(pid_t tid, uint64_t address, const void *from, size_t length) {
    const struct iovec local = {(void *)(uintptr_t)from, length};     // NOLINT: it only reads
    const struct iovec remote = {(void *)(uintptr_t)address, length}; // NOLINT: of the tracee
    return process_vm_writev(tid, &local, 1, &remote, 1, 0);
}

/* As the kernel does it: what lies before a page that may not be written is written. */
static int write_proved(struct stopped_call *call, int memory, FILE *maps, uint64_t address,
                        const void *from, size_t length) {
    const size_t may = trace_aside_accessible(maps, address, length, 'w');
    if (!trace_aside_still_stopped(call)) /* that has taken long */
        return -ESRCH;
    ssize_t put = pwrite(memory, from, may, (off_t)address);
    /* 0: that memory is nobody's any more, and the id may be another program's. */
    if (put != (ssize_t)may && put != 0 && trace_aside_still_stopped(call))
        put = write_waiting(call->tid, address, from, may);
    if (!trace_aside_still_stopped(call))
        return -ESRCH;
    return put == (ssize_t)length ? 0 : -EFAULT;
}

/* Waits for a page that a userfaultfd(2) withholds, as no access by /proc/TID/mem does. */
static void touch(struct stopped_call *call, uint64_t address, size_t length) {
    char bytes[TRACE_PENDING];
    if (length <= sizeof bytes)
        call->mechanism->read(call, address, bytes, length);
}

int trace_aside_write(struct stopped_call *call, uint64_t address, const void *from,
                      size_t length) {
    touch(call, address, length);
    int memory = open_own(call->server, call->tid, "mem", O_WRONLY);
    int layout = memory < 0 ? -1 : open_own(call->server, call->tid, "maps", O_RDONLY);
    FILE *maps = layout < 0 ? NULL : fdopen(layout, "r");
    if (layout >= 0 && !maps)
        close(layout);
    const int error = maps ? write_proved(call, memory, maps, address, from, length) : -EPERM;
    if (memory >= 0)
        close(memory);
    return error;
}
