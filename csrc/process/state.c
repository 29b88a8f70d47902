/* state.c - records and restores what Node changes between a shell and a command.
 * Rule: record before anything is opened, restore exactly that; what Node leaves alone (umask,
 * nice, capabilities, timers, session, ...) the kernel carries through execve by itself. */
#include "state.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../arch/kernel.h"
#include "limits.h"

#define LOWEST_PRIVATE_DESCRIPTOR 64

/* The kernel's signal sets and actions: libc hides the signals that it uses itself. */
struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    uint64_t mask;
};

static uint64_t ignored_signals(void) {
    uint64_t ignored = 0;
    for (int number = 1; number <= STATE_SIGNALS; number++) {
        struct kernel_action action = {0};
        if (syscall(SYS_rt_sigaction, number, NULL, &action, sizeof(uint64_t)) == 0 &&
            action.handler == (void *)SIG_IGN)
            ignored |= 1ULL << (number - 1);
    }
    return ignored;
}

static uint64_t blocked_signals(void) {
    uint64_t blocked = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof blocked);
    return blocked;
}

static int compare_descriptors(const void *left, const void *right) {
    const struct state_descriptor *a = left, *b = right;
    return (a->fd > b->fd) - (a->fd < b->fd);
}

struct descriptor_list {
    struct state_descriptor *items;
    uint32_t count;
};

static void note_descriptor(FILE *noted, int fd) {
    const struct state_descriptor descriptor = {fd, fcntl(fd, F_GETFL)};
    if (descriptor.status_flags >= 0) /* it is open */
        fwrite(&descriptor, sizeof descriptor, 1, noted);
}

static void note_descriptors(FILE *noted) {
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) { /* no /proc: ask for each number */
        struct rlimit limit;
        rlim_t end = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 1024;
        for (rlim_t fd = 0; fd < end && fd < 65536; fd++)
            note_descriptor(noted, (int)fd);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (entry->d_name[0] != '.' && fd != dirfd(directory))
            note_descriptor(noted, fd);
    }
    closedir(directory);
}

/* False: no memory. */
static bool list_descriptors(struct descriptor_list *list) {
    char *bytes = NULL;
    size_t length = 0;
    FILE *noted = open_memstream(&bytes, &length);
    if (!noted)
        return false;
    note_descriptors(noted);
    bool whole = !ferror(noted);
    if (fclose(noted) != 0 || !whole)
        return false;
    list->items = (void *)bytes;
    list->count = (uint32_t)(length / sizeof *list->items);
    qsort(list->items, list->count, sizeof *list->items, compare_descriptors);
    return true;
}

/* Out of the way of the standard streams, which may be closed, and of low numbers that Node takes.
 */
static int move_up(int fd) {
    int high = fcntl(fd, F_DUPFD, LOWEST_PRIVATE_DESCRIPTOR);
    if (high < 0)
        high = fcntl(fd, F_DUPFD, 3);
    if (high < 0)
        return fd;
    close(fd);
    return high;
}

/* A deleted working directory stops Node from starting: leave it, and keep a way back. */
static int leave_deleted_directory(void) {
    char name[4096];
    if (syscall(SYS_getcwd, name, sizeof name) > 0 && name[0] == '/')
        return -1;
    int fd = open(".", O_PATH | O_DIRECTORY);
    if (fd < 0)
        return -1;
    fd = move_up(fd);
    if (fchdir(fd) != 0 || chdir("/") != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Puts strings with their NULs. How many. */
static uint32_t put_strings(FILE *to, char **strings) {
    uint32_t count = 0;
    for (; strings[count]; count++)
        fwrite(strings[count], strlen(strings[count]) + 1, 1, to);
    return count;
}

/* Limits that are meant for the command may be too narrow for what comes before it (Node, a memfd
 * under RLIMIT_FSIZE); `start` restores them. */
static void widen_limits(void) {
    static const int narrow[] = {RLIMIT_NPROC, RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_CPU};
    limit_widen(RLIMIT_NOFILE, 1024);
    for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
        limit_widen(narrow[i], RLIM_INFINITY);
}

/* Node unblocks all signals, and one that was pending would end it: take them, to be sent again. */
static void take_pending_signals(struct state *state) {
    uint64_t pending = 0;
    const struct timespec at_once = {0, 0};
    while (state->pending_count < STATE_PENDING &&
           syscall(SYS_rt_sigpending, &pending, sizeof pending) == 0 && pending != 0 &&
           syscall(SYS_rt_sigtimedwait, &pending, &state->pending[state->pending_count], &at_once,
                   sizeof pending) > 0)
        state->pending_count++;
}

static void send_pending_signals(const struct state *state) {
    for (uint32_t i = 0; i < state->pending_count; i++)
        syscall(SYS_rt_sigqueueinfo, getpid(), state->pending[i].si_signo, &state->pending[i]);
}

/* A memfd with the whole record, or -1. Its stream stays open along with it. */
static int write_record(struct state *state, const struct descriptor_list *descriptors,
                        char **arguments, char **variables, struct failure *failure) {
    int fd = (int)syscall(SYS_memfd_create, "seccomp-spoof-state", 0);
    if (fd >= 0)
        fd = move_up(fd);
    FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!stream)
        return fail(failure, errno, "cannot create a memory file");
    fwrite(state, sizeof *state, 1, stream);
    fwrite(descriptors->items, sizeof *descriptors->items, descriptors->count, stream);
    state->descriptor_count = descriptors->count;
    state->argument_count = put_strings(stream, arguments);
    state->variable_count = put_strings(stream, variables);
    state->length = (uint64_t)ftello(stream);
    if (ferror(stream) || fflush(stream) != 0 ||
        pwrite(fd, state, sizeof *state, 0) != sizeof *state)
        return fail(failure, errno, "cannot record the state of the process");
    return fd;
}

int state_record(char **arguments, char **variables, int *directory, struct failure *failure) {
    struct state state = {
        .magic = STATE_MAGIC,
        .version = STATE_VERSION,
        .ignored_signals = ignored_signals(),
        .blocked_signals = blocked_signals(),
    };
    struct descriptor_list descriptors = {0};
    if (!list_descriptors(&descriptors))
        return fail(failure, ENOMEM, "cannot list the open descriptors");
    for (int i = 0; i < RLIM_NLIMITS; i++)
        prlimit(0, (enum __rlimit_resource)i, NULL, &state.limits[i]);
    for (int fd = 0; fd < STATE_TERMINALS; fd++)
        if (tcgetattr(fd, &state.terminals[fd]) == 0)
            state.has_terminal |= 1U << fd;
    widen_limits();
    state.directory = *directory = leave_deleted_directory();
    take_pending_signals(&state);
    /* A hard limit of the command's is ours, too; then it is an error. */
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int fd = write_record(&state, &descriptors, arguments, variables, failure);
    signal(SIGXFSZ, handler);
    free(descriptors.items);
    return fd;
}

/* Pointers to `count` strings that lie one after another from *text on, before `end`. */
static char **split(char **text, const char *end, uint32_t count) {
    if (count > (size_t)(end - *text)) /* each has a NUL */
        return NULL;
    char **strings = calloc((size_t)count + 1, sizeof *strings);
    for (uint32_t i = 0; strings && i < count; i++) {
        strings[i] = *text;
        char *zero = memchr(*text, 0, (size_t)(end - *text));
        if (!zero) {
            free(strings);
            return NULL;
        }
        *text = zero + 1;
    }
    return strings;
}

/* Each once, in their order, as state_restore() closes what lies between them. */
static bool in_order(const struct state_view *view) {
    int32_t last = -1;
    for (uint32_t i = 0; i < view->state->descriptor_count; i++) {
        if (view->descriptors[i].fd <= last || view->descriptors[i].fd == INT32_MAX)
            return false;
        last = view->descriptors[i].fd;
    }
    return true;
}

const char *state_parse(char *record, size_t length, struct state_view *view) {
    const struct state *state = (const void *)record;
    static const char other[] = "is not one of this version", damaged[] = "is damaged";
    if (length < sizeof *state || state->magic != STATE_MAGIC || state->version != STATE_VERSION)
        return other;
    size_t list = state->descriptor_count * sizeof(struct state_descriptor);
    if (state->length != length || list > length - sizeof *state)
        return other;
    char *text = record + sizeof *state + list;
    const char *end = record + length;
    view->state = state;
    view->descriptors = (const void *)(record + sizeof *state);
    if (state->pending_count > STATE_PENDING || !in_order(view))
        return damaged;
    view->arguments = split(&text, end, state->argument_count);
    view->variables = view->arguments ? split(&text, end, state->variable_count) : NULL;
    return view->variables ? NULL : damaged;
}

int state_read(int fd, struct state_view *view, struct failure *failure) {
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size <= 0)
        return fail(failure, 0, "descriptor %d holds no recorded state", fd);
    char *record = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (record == MAP_FAILED)
        return fail(failure, errno, "cannot read the recorded state");
    const char *fault = state_parse(record, (size_t)info.st_size, view);
    return fault ? fail(failure, 0, "the recorded state in descriptor %d %s", fd, fault) : 0;
}

static bool same_modes(const struct termios *a, const struct termios *b) {
    return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
           a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof a->c_cc) == 0;
}

static void restore_terminal(int fd, const struct termios *was) {
    struct termios now;
    if (tcgetattr(fd, &now) != 0 || same_modes(&now, was))
        return;
    tcsetattr(fd, TCSANOW, was); /* SIGTTOU is blocked here, so a background job may do this */
}

/* Closes [first, last] but for `keep`. */
static void close_between(int first, int last, int keep) {
    if (first <= keep && keep <= last) {
        close_between(first, keep - 1, -1);
        first = keep + 1;
    }
    if (first > last)
        return;
    if (syscall(K_NR_CLOSE_RANGE, first, last, 0) == 0)
        return;
    struct rlimit limit; /* before Linux 5.9, and where it is filtered */
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 65536 ? (int)limit.rlim_cur
                                                                              : 65536;
    for (int fd = first; fd <= last && fd < end; fd++)
        close(fd);
}

int state_restore(const struct state_view *view, int keep, struct failure *failure) {
    const struct state *state = view->state;
    if (state->directory >= 0 && fchdir(state->directory) != 0)
        return fail(failure, errno, "cannot return to the working directory");
    for (int fd = 0; fd < STATE_TERMINALS; fd++)
        if (state->has_terminal & 1U << fd)
            restore_terminal(fd, &state->terminals[fd]);

    int next = 0;
    for (uint32_t i = 0; i < state->descriptor_count; i++) {
        const struct state_descriptor *descriptor = &view->descriptors[i];
        close_between(next, descriptor->fd - 1, keep);
        next = descriptor->fd + 1;
        fcntl(descriptor->fd, F_SETFD, 0);
        int flags = fcntl(descriptor->fd, F_GETFL);
        if (flags >= 0 && flags != descriptor->status_flags)
            fcntl(descriptor->fd, F_SETFL, descriptor->status_flags);
    }
    close_between(next, INT_MAX, keep);
    return 0;
}

int state_restore_limits(const struct state *state, struct failure *failure) {
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        struct rlimit now;
        const struct rlimit *was = &state->limits[i];
        enum __rlimit_resource resource = (enum __rlimit_resource)i;
        if (prlimit(0, resource, NULL, &now) == 0 &&
            (now.rlim_cur != was->rlim_cur || now.rlim_max != was->rlim_max) &&
            prlimit(0, resource, was, NULL) != 0)
            return fail(failure, errno, "cannot restore resource limit %d", i);
    }
    return 0;
}

void state_restore_signals(const struct state *state) {
    for (int number = 1; number <= STATE_SIGNALS; number++) {
        bool ignored = state->ignored_signals & 1ULL << (number - 1);
        struct kernel_action action = {.handler = ignored ? (void *)SIG_IGN : (void *)SIG_DFL};
        syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(uint64_t));
    }
    send_pending_signals(state); /* all signals are blocked here */
    uint64_t blocked = state->blocked_signals;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof blocked);
}
