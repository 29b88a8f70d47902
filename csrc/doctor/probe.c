/* probe.c - `supervisor probe`: what this kernel and process can do, as JSON for `doctor`.
 * Rule: every feature is tried, none is concluded from a version. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../inline/agent.h"
#include "../inline/processor.h"
#include "../policy/blob.h"
#include "../probe/probe.h"
#include "../probe/refusal.h"
#include "../process/own_proc.h"
#include "../tracee/credentials.h"
#include "../tracee/file_id.h"
#include "doctor.h"
#include "machine.h"

/* One more: `good` or `bad` says why. */
static void feature(struct machine *machine, const char *name, bool works, const char *good,
                    const char *bad) {
    struct feature *next = &machine->features[machine->count++];
    next->name = name;
    next->works = works;
    snprintf(next->why, sizeof next->why, "%s", works ? good : bad);
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

static void report_openat2(struct machine *machine) {
    int error = try_openat2(K_RESOLVE_NO_SYMLINKS);
    feature(machine, "openat2", error == 0, "paths without links are resolved in one call",
            strerror(error));
    feature(machine, "resolve-cached", try_openat2(K_RESOLVE_NO_SYMLINKS | K_RESOLVE_CACHED) == 0,
            "the receiving thread never waits for a filesystem",
            "every look is handed to another thread (Linux before 5.12)");
}

static void report_memory(struct machine *machine) {
    int value = 1, copy = 0;
    struct iovec local = {&copy, sizeof copy}, remote = {&value, sizeof value};
    bool works = process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof copy && copy == 1;
    feature(machine, "process-vm-readv", works, "memory of programs is read in one call",
            strerror(errno));
}

static void report_mount_ids(struct machine *machine) {
    struct file_id id;
    int error = file_id_read(AT_FDCWD, "/", &id);
    feature(machine, "mount-ids", error == 0, "another root or mount namespace is recognised",
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

/* A mechanism, and the form in which it works: below a parent that stays where a program cannot be
 * read from beside it. */
struct tried {
    struct probe_result result;
    bool stays;
};

static void try_form(const uint8_t *policy, int mechanism, enum probe_form form,
                     struct probe_result *result) {
    if (mechanism == 0)
        probe_notify(policy, form, result);
    else
        probe_trace(policy, mechanism == 2, form, result);
}

static void try_mechanism(const uint8_t *policy, int mechanism, struct tried *tried) {
    try_form(policy, mechanism, PROBE_BESIDE, &tried->result);
    if (tried->result.works || !tried->result.refused)
        return;
    const struct probe_result beside = tried->result;
    try_form(policy, mechanism, PROBE_ANCESTOR, &tried->result);
    tried->stays = tried->result.works;
    if (tried->stays)
        snprintf(tried->result.why, sizeof tried->result.why, "below a parent that stays: %.200s",
                 beside.why);
}

static void report_inline(struct machine *machine, const struct probe_result *notify,
                          const struct probe_result *trace) {
    const char *missing = agent_missing(agent_below(notify->works, trace->works), notify->killable);
    char processor[PROCESSOR_TEXT_SIZE], why[160];
    processor_describe(processor);
    snprintf(why, sizeof why, "exec --inline: a program can answer calls by itself; %s", processor);
    feature(machine, "inline", !missing, why, missing);
}

/* By every mechanism, and what its children need. */
static void report_mechanisms(struct machine *machine, const uint8_t *policy) {
    static const char *const names[] = {"notify", "trace", "ptrace"};
    struct tried tried[3] = {0};
    fflush(stdout);
    block_child_signal();
    for (int i = 0; i < 3; i++)
        try_mechanism(policy, i, &tried[i]);
    const struct probe_result notify = tried[0].result, trace = tried[1].result,
                              ptrace = tried[2].result;
    const char *untried = notify.install_error ? "not tried: notify cannot be installed" : NULL;
    feature(machine, "notify", notify.works, notify.why, notify.why);
    feature(machine, "trace", trace.works, trace.why, trace.why);
    feature(machine, "ptrace", ptrace.works, ptrace.why, ptrace.why);
    feature(machine, "wait-killable", !untried && notify.killable,
            "signals do not interrupt a call that is being answered",
            untried ? untried : "signals may interrupt a stopped call (Linux before 5.19)");
    feature(machine, "sync-wake-up", notify.wake_up,
            "the kernel hands over between program and supervisor at once",
            untried ? untried : "answers take longer (Linux before 6.6)");
    feature(machine, "deliver", notify.delivers, "descriptors of injected files are handed over",
            untried ? untried : "notify cannot inject files (Linux before 5.9)");
    report_inline(machine, &notify, &trace);
    feature(machine, "prompt-signals", trace.works && !trace.late_signals,
            "a program that is stopped by ptrace sees signals when it goes on",
            !trace.works ? "not tried: trace does not work"
                         : "the tracer has to make programs look for signals (gVisor)");
    const int chosen = notify.works ? 0 : trace.works ? 1 : 2;
    machine->mechanism = tried[chosen].result.works ? names[chosen] : NULL;
    machine->stays = tried[chosen].stays;
}

void machine_examine(const uint8_t *policy, struct machine *machine) {
    const char *fault = own_proc_fault();
    struct credentials own = {0};
    memset(machine, 0, sizeof *machine);
    uname(&machine->system);
    machine->yama = refusal_yama_scope();
    machine->uid = geteuid();
    int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = proc < 0 ? -errno : credentials_read(proc, getpid(), &own);
    if (proc >= 0)
        close(proc);
    machine->sys_admin = own.effective >> CAP_SYS_ADMIN & 1;
    machine->sys_ptrace = own.effective >> CAP_SYS_PTRACE & 1;
    report_mechanisms(machine, policy);
    feature(machine, "proc", !fault && error == 0, "/proc shows this process",
            fault ? fault : strerror(-error));
    report_openat2(machine);
    report_memory(machine);
    report_mount_ids(machine);
    if (fault)
        machine->mechanism = NULL;
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
    struct machine machine;
    machine_examine((const uint8_t *)&policy, &machine);
    printf("{\n  \"kernel\": \"%s\", \"arch\": \"%s\", \"yama\": ", machine.system.release,
           ARCH_NAME);
    printf(machine.yama < 0 ? "null" : "%d", machine.yama);
    printf(", \"uid\": %u, \"capSysAdmin\": %s, \"capSysPtrace\": %s,\n  \"features\": [\n",
           (unsigned)machine.uid, machine.sys_admin ? "true" : "false",
           machine.sys_ptrace ? "true" : "false");
    for (size_t i = 0; i < machine.count; i++) {
        /* Texts are our own and strerror's: nothing in them needs escaping. */
        const struct feature *each = &machine.features[i];
        printf("%s    {\"name\": \"%s\", \"ok\": %s, \"why\": \"%s\"}", i == 0 ? "" : ",\n",
               each->name, each->works ? "true" : "false", each->why);
    }
    const char *quote = machine.mechanism ? "\"" : "";
    printf("\n  ],\n  \"mechanism\": %s%s%s,\n  \"stays\": %s\n}\n", quote,
           machine.mechanism ? machine.mechanism : "null", quote,
           machine.mechanism && machine.stays ? "true" : "false");
    return machine.mechanism ? 0 : 1;
}
