/* guardian.c - becomes the process that keeps the listener, or traces, and ends when the last
 * filtered task is gone. Rule: it makes no call that depends on a tracee or on a filesystem of one,
 * so that nothing in the wrapped tree can stop it; and it holds nothing of the command: no stream,
 * directory or terminal. */
#include "guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "../content/store.h"
#include "../mechanism/lineage.h"
#include "../mechanism/notify.h"
#include "../mechanism/trace.h"
#include "../policy/blob.h"
#include "../process/limits.h"
#include "family.h"
#include "log.h"
#include "../process/fd_passing.h"
#include "../process/place.h"
#include "segment.h"
#include "../process/proctitle.h"
#include "tracer.h"
#include "workers.h"

#define LEAST_DESCRIPTORS 4096
struct guardian {
    const struct guardian_setup *setup;
    struct segment *segment;
};

const char *mechanism_name(enum mechanism_kind mechanism) {
    static const char *const names[] = {"notify", "trace", "ptrace"};
    return names[mechanism];
}

/* ---- becoming the guardian ---- */

static void ignore_signals(void) {
    sigset_t none;
    for (int number = 1; number <= 64; number++)
        if (number != SIGCHLD)
            signal(number, SIG_IGN); /* SIGKILL and SIGSTOP refuse; that is all right */
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The user's limits are for the command. */
static void lift_limits(void) {
    for (int resource = 0; resource < RLIM_NLIMITS; resource++)
        /* RLIMIT_NOFILE knows no infinity (getrlimit(2)); a few for each thread will do. */
        limit_widen(resource, resource == RLIMIT_NOFILE ? LEAST_DESCRIPTORS : RLIM_INFINITY);
    const struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CORE, &core);
}

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, text, strlen(text));
    (void)written; /* only root may; without it the OOM killer may take us like anybody */
    close(fd);
}

/* False: the guardian would not hear of what it is to hear. */
static bool place_descriptors(int socket, int log_fd, int parent) {
    /* High copies first: the fixed numbers may hold what is still needed. */
    const int null = open_nothing();
    const int wanted[] = {null, null, null, null, log_fd, socket, parent};
    int high[DESCRIPTOR_FIRST_FREE];
    _Static_assert(sizeof wanted / sizeof *wanted == DESCRIPTOR_FIRST_FREE,
                   "0, 1, 2, and enum inherited_descriptor");
    bool placed = true;
    for (int fd = 0; fd < DESCRIPTOR_FIRST_FREE; fd++) {
        high[fd] = fcntl(wanted[fd] >= 0 ? wanted[fd] : null, F_DUPFD_CLOEXEC, 32);
        placed = placed && high[fd] >= 0;
    }
    for (int fd = 0; placed && fd < DESCRIPTOR_FIRST_FREE; fd++)
        placed = place_descriptor(high[fd], fd) == 0;
    syscall(K_NR_CLOSE_RANGE, DESCRIPTOR_FIRST_FREE, ~0U, 0);
    return placed;
}

static bool prepare(struct guardian *guardian, int socket, int parent) {
    const struct guardian_setup *setup = guardian->setup;
    proctitle_set("spoof-guardian", "seccomp-spoof: guardian");
    ignore_signals();
    lift_limits();
    umask(077);
    if (chdir("/") != 0)
        return false;
    write_file("/proc/self/oom_score_adj", "-1000");
    int fd = setup->segment_fd >= 0 ? setup->segment_fd : segment_create();
    guardian->segment = fd >= 0 ? segment_map(fd, true) : NULL;
    if (!guardian->segment)
        return false;
    return place_descriptors(socket, setup->log_fd, parent) &&
           (setup->log_fd < 0 || log_open(guardian->segment, setup->policy, setup->log_level) == 0);
}

static bool receive_listener(void) {
    char byte = 0;
    int listener = -1;
    if (take_descriptor(DESCRIPTOR_STARTER, &byte, 1, &listener) != 0 || listener < 0)
        return false; /* the starter ended: the filter could not be installed */
    const bool placed = place_descriptor(listener, DESCRIPTOR_LISTENER) == 0;
    close(listener);
    return placed;
}

static void log_start(const struct guardian *guardian) {
    log_line(LOG_INFO, "guardian started", ",\"guardian\":%d,\"mechanism\":\"%s\"", (int)getpid(),
             mechanism_name(guardian->setup->mechanism));
    log_flush();
}

static _Noreturn void end(void) {
    if (family_is_ours())
        family_wait();
    log_close();
    _exit(0);
}

static _Noreturn void guard_by_tracing(struct guardian *guardian) {
    const struct guardian_setup *setup = guardian->setup;
    bool every_call = setup->mechanism == MECHANISM_PTRACE;
    const struct tracer_setup tracer = {
        .plan = setup->plan,
        .segment = guardian->segment,
        .policy = setup->policy,
        .every_call = every_call,
        .probe = setup->probe,
    };
    pid_t starter = 0;
    if (recv(DESCRIPTOR_STARTER, &starter, sizeof starter, 0) != sizeof starter)
        _exit(1);
    log_start(guardian);
    /* Whatever may fail first: once it is traced our end would be its end. */
    int error = tracer_prepare(&tracer) ? trace_seize(starter, every_call) : -ENOMEM;
    if (pass_byte(DESCRIPTOR_STARTER, error == 0 ? 's' : 'f') != 0 || error != 0)
        _exit(1);
    place_descriptor(STDIN_FILENO, DESCRIPTOR_STARTER); /* /dev/null */
    lineage_note_start(starter);
    tracer_run();
    end();
}

/* What programs write into files of ours outlives each worker. */
static bool keep_files(const uint8_t *policy) {
    return !(blob_header(policy)->calls & SPOOF_CALLS_OPEN) ||
           store_keep(policy, DESCRIPTOR_FIRST_FREE) >= 0;
}

_Noreturn void guardian_run(const struct guardian_setup *setup, int socket, int parent) {
    struct guardian guardian = {.setup = setup};
    const pid_t own = getpid();
    if (!prepare(&guardian, socket, parent) || store_open(setup->policy) != 0 ||
        send(DESCRIPTOR_STARTER, &own, sizeof own, MSG_NOSIGNAL) != sizeof own)
        _exit(1);
    if (setup->mechanism != MECHANISM_NOTIFY)
        guard_by_tracing(&guardian);
    if (!receive_listener())
        _exit(1);
    notify_wake_synchronously(DESCRIPTOR_LISTENER);
    if (!keep_files(setup->policy))
        _exit(1);
    const struct worker_setup worker = {
        .segment = guardian.segment,
        .policy = setup->policy,
        .stops_root_changes = setup->probe.killable,
        .plan = setup->plan,
    };
    log_start(&guardian);
    if (family_is_ours())
        worker_stay(&worker);
    else
        workers_run(&worker);
    end();
}
