/* probe.c - `supervisor probe`: what this kernel and process can do, as JSON for `doctor`.
 * Rule: every feature is tried, none is concluded from a version. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../policy/blob.h"
#include "../probe/probe.h"
#include "../process/own_proc.h"
#include "../tracee/credentials.h"
#include "../tracee/file_id.h"
#include "doctor.h"

/* One more line: `good` or `bad` says why. Texts are our own and
 * strerror's: nothing in them needs escaping. */
static void feature(const char *name, bool works, const char *good, const char *bad) {
    static const char *before = "";
    printf("%s    {\"name\": \"%s\", \"ok\": %s, \"why\": \"%s\"}", before, name,
           works ? "true" : "false", works ? good : bad);
    before = ",\n";
}

static int read_number(const char *path) {
    char text[32] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 ? (int)strtol(text, NULL, 10) : -1;
}

/* 0 or an errno. */
static int try_openat2(uint64_t resolve) {
    struct k_open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve};
    int fd = (int)syscall(K_NR_OPENAT2, AT_FDCWD, "/", &how, sizeof how);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void report_openat2(void) {
    int error = try_openat2(K_RESOLVE_NO_SYMLINKS);
    feature("openat2", error == 0, "paths without links are resolved in one call", strerror(error));
    feature("resolve-cached", try_openat2(K_RESOLVE_NO_SYMLINKS | K_RESOLVE_CACHED) == 0,
            "the receiving thread never waits for a filesystem",
            "every look is handed to another thread (Linux before 5.12)");
}

static void report_memory(void) {
    int value = 1, copy = 0;
    struct iovec local = {&copy, sizeof copy}, remote = {&value, sizeof value};
    bool works = process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof copy && copy == 1;
    feature("process-vm-readv", works, "memory of programs is read in one call", strerror(errno));
}

static void report_mount_ids(void) {
    struct file_id id;
    int error = file_id_read(AT_FDCWD, "/", &id);
    feature("mount-ids", error == 0, "another root or mount namespace is recognised",
            strerror(-error));
}

/* As probe_child_fork() wants it. */
static void block_child_signal(void) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGCHLD, SIG_DFL);
}

int verb_probe(int count, char **arguments) {
    (void)count;
    (void)arguments;
    static const _Alignas(8) struct blob_header policy = {
        .magic = BLOB_MAGIC,
        .version = BLOB_VERSION,
        .length = sizeof policy,
        .calls = SPOOF_CALLS_STATFS,
    };
    struct probe_result notify, trace, ptrace;
    const char *fault = own_proc_fault();
    struct utsname system;
    struct credentials own = {0};
    uname(&system);
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = proc < 0 ? -errno : credentials_read(proc, getpid(), &own);
    fflush(stdout);
    block_child_signal();
    probe_notify((const uint8_t *)&policy, &notify);
    probe_trace((const uint8_t *)&policy, false, &trace);
    probe_trace((const uint8_t *)&policy, true, &ptrace);

    printf("{\n  \"kernel\": \"%s\", \"arch\": \"%s\", \"yama\": ", system.release, ARCH_NAME);
    int yama = read_number("/proc/sys/kernel/yama/ptrace_scope");
    printf(yama < 0 ? "null" : "%d", yama);
    printf(", \"uid\": %u, \"capSysAdmin\": %s, \"capSysPtrace\": %s,\n  \"features\": [\n",
           (unsigned)geteuid(), own.effective >> CAP_SYS_ADMIN & 1 ? "true" : "false",
           own.effective >> CAP_SYS_PTRACE & 1 ? "true" : "false");
    feature("notify", notify.works, notify.why, notify.why);
    feature("trace", trace.works, trace.why, trace.why);
    feature("ptrace", ptrace.works, ptrace.why, ptrace.why);
    feature("wait-killable", notify.killable,
            "signals do not interrupt a call that is being answered",
            "signals may interrupt a stopped call (Linux before 5.19)");
    feature("sync-wake-up", notify.wake_up,
            "the kernel hands over between program and supervisor at once",
            "answers take longer (Linux before 6.6)");
    feature("deliver", notify.delivers, "descriptors of injected files are handed over",
            "notify cannot inject files (Linux before 5.9)");
    feature("prompt-signals", trace.works && !trace.late_signals,
            "a program that is stopped by ptrace sees signals when it goes on",
            "the tracer has to make programs look for signals (gVisor)");
    feature("proc", !fault && error == 0, "/proc shows this process",
            fault ? fault : strerror(-error));
    report_openat2();
    report_memory();
    report_mount_ids();
    const char *mechanism = fault          ? NULL
                            : notify.works ? "\"notify\""
                            : trace.works  ? "\"trace\""
                            : ptrace.works ? "\"ptrace\""
                                           : NULL;
    printf("\n  ],\n  \"mechanism\": %s\n}\n", mechanism ? mechanism : "null");
    return mechanism ? 0 : 1;
}
