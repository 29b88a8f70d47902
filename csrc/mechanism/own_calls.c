/* own_calls.c - what filters of programs say of our calls.
 * Rule: each filter that a program installs is run for our calls before it is there. Any thread
 * with more filters than ours counts as one that has it; where they are not counted, each that is
 * not known to have none. */
#include "own_calls.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../tracee/proc_text.h"
#include "../tracee/stopped_call.h"
#include "filter_run.h"
#include "lineage.h"

#define LONGEST_FILTER 4096U /* BPF_MAXINSNS */
#define UNKNOWN (-1)         /* proc_status_number() */
#define SOME_ADDRESS 0x10000U

const struct own_calls *own_calls_of(uint32_t arch) {
    static const struct own_calls own = {NUMBER_MEMFD_CREATE, NUMBER_FCNTL, NUMBER_CLOSE,
                                         NUMBER_MMAP, NUMBER_MUNMAP};
#ifdef ARCH_COMPAT_AUDIT
    static const struct own_calls compat = {COMPAT_NUMBER_MEMFD_CREATE, COMPAT_NUMBER_FCNTL,
                                            COMPAT_NUMBER_CLOSE, COMPAT_NUMBER_MMAP2,
                                            COMPAT_NUMBER_MUNMAP};
    if (arch == ARCH_COMPAT_AUDIT)
        return &compat;
#endif
    return arch == ARCH_AUDIT ? &own : NULL;
}

/* ---- how many filters a thread has ---- */

/* Linux 5.9. */
static int filters_of(const char *tid) {
    return proc_status_number(tid, "Seccomp_filters:");
}

static int filters_of_ours(void) {
    static int own = UNKNOWN - 1; /* the tracer installs none */
    if (own < UNKNOWN)
        own = filters_of("self");
    return own;
}

bool own_calls_are_counted(void) {
    return filters_of_ours() != UNKNOWN;
}

/* ---- what filters say ---- */

static bool installed;             /* one, by a program */
static bool strict, compat_strict; /* ... that does not let all our calls pass, by ABI */

static bool passes(const struct sock_filter *filter, size_t length,
                   const struct k_seccomp_data *data) {
    const uint32_t action = filter_run(filter, length, data) & K_SECCOMP_RET_ACTION_FULL;
    return action == K_SECCOMP_RET_ALLOW || action == K_SECCOMP_RET_LOG;
}

/* As inject.c makes them; addresses and descriptors are some. */
static bool all_pass(const struct sock_filter *filter, size_t length, uint32_t arch) {
    const struct own_calls *calls = own_calls_of(arch);
    const struct k_seccomp_data made[] = {
        {calls->make, arch, 0, {SOME_ADDRESS, 0}},
        {calls->make, arch, 0, {SOME_ADDRESS, K_MFD_CLOEXEC}},
        {calls->make, arch, 0, {SOME_ADDRESS, K_MFD_ALLOW_SEALING}},
        {calls->make, arch, 0, {SOME_ADDRESS, K_MFD_CLOEXEC | K_MFD_ALLOW_SEALING}},
        {calls->set_flags, arch, 0, {3, F_SETFL, O_NONBLOCK}},
        {calls->close, arch, 0, {3}},
        {calls->map,
         arch,
         0,
         {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT32_MAX, 0}},
        {calls->unmap, arch, 0, {SOME_ADDRESS, 4096}},
    };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (!passes(filter, length, &made[i]))
            return false;
    return true;
}

/* struct sock_fprog of the ABI. 0: it cannot be read. */
static size_t read_filter(struct stopped_call *call, uint64_t address, struct sock_filter *filter) {
    struct {
        uint16_t length, pad[3];
        uint64_t filter;
    } program;
    struct {
        uint16_t length, pad;
        uint32_t filter;
    } compat = {0};
    if (call->arch == ARCH_AUDIT && !(call->number & CALL_OF_X32)) {
        if (tracee_read(call, address, &program, sizeof program) != sizeof program)
            return 0;
    } else {
        if (tracee_read(call, address, &compat, sizeof compat) != sizeof compat)
            return 0;
        program.length = compat.length;
        program.filter = compat.filter;
    }
    const size_t size = program.length * sizeof *filter;
    if (program.length > LONGEST_FILTER ||
        tracee_read(call, program.filter, filter, size) != (ssize_t)size)
        return 0;
    return program.length;
}

static void note(const struct stopped_call *call) {
    installed = true;
    if (!own_calls_are_counted())
        lineage_note_filter(call->tid);
}

void own_calls_note_filter(struct stopped_call *call, const struct known_call *known) {
    static struct sock_filter filter[LONGEST_FILTER];
    const uint32_t first = (uint32_t)call->arguments[0];
    if (first != (known->task == TASK_PRCTL ? PR_SET_SECCOMP : K_SECCOMP_SET_MODE_FILTER))
        return;
    const size_t length = read_filter(call, call->arguments[2], filter);
    if (length == 0)
        return; /* nor does the kernel install it */
    note(call);
    strict = strict || !all_pass(filter, length, ARCH_AUDIT);
#ifdef ARCH_COMPAT_AUDIT
    compat_strict = compat_strict || !all_pass(filter, length, ARCH_COMPAT_AUDIT);
#endif
}

void own_calls_note_unread(const struct stopped_call *call) {
    note(call);
    strict = compat_strict = true;
}

bool own_calls_touch(struct stopped_call *call) {
    const struct known_call *known = known_call(call->arch, call->number);
    const bool clones = known && known->task == TASK_CLONE3;
    if (!clones && !(known && (known->task == TASK_SECCOMP || known->task == TASK_PRCTL)))
        return false;
    struct sock_filter *filter = malloc(LONGEST_FILTER * sizeof *filter);
    const size_t most = LONGEST_FILTER * sizeof *filter;
    const size_t size = call->arguments[1] < most ? call->arguments[1] : most;
    if (filter && clones)
        call->mechanism->read(call, call->arguments[0], filter, size);
    else if (filter)
        read_filter(call, call->arguments[2], filter);
    free(filter);
    return true;
}

/* From above the tree. */
static bool are_inherited(void) {
    static int inherited = UNKNOWN;
    if (inherited == UNKNOWN)
        inherited = proc_status_number("self", "Seccomp:") > 0;
    return inherited;
}

bool own_calls_meet_filters(void) {
    return installed || are_inherited();
}

/* Has this thread more of them than the tracer, or may it? */
static bool may_have_own(pid_t tid, int ours) {
    char name[16];
    if (!own_calls_are_counted())
        return !lineage_is_unfiltered(tid);
    snprintf(name, sizeof name, "%d", tid);
    const int all = filters_of(name);
    return all == UNKNOWN || all > filters_of_ours() + ours;
}

bool own_calls_meet_filters_beside(pid_t tid, int ours) {
    char name[32];
    bool met = false;
    if (!installed)
        return false;
    if (!own_calls_are_counted())
        return !lineage_is_unfiltered(tid);
    snprintf(name, sizeof name, "/proc/%d/task", tid);
    DIR *threads = opendir(name);
    if (!threads)
        return true;
    for (const struct dirent *entry; !met && (entry = readdir(threads)) != NULL;)
        met = isdigit((unsigned char)*entry->d_name) && may_have_own(atoi(entry->d_name), ours);
    closedir(threads);
    return met;
}

bool own_calls_meet_filters_at(pid_t tid, int ours) {
    return installed && may_have_own(tid, ours);
}

bool own_calls_meet_filters_of(pid_t tid) {
    return are_inherited() || own_calls_meet_filters_at(tid, 0);
}

bool own_calls_are_forbidden(pid_t tid, uint32_t arch, int ours) {
    return (arch == ARCH_AUDIT ? strict : compat_strict) && may_have_own(tid, ours);
}
