/* run.c - makes the calls of a program, one a line, and tells what each has answered. Rule:
 * processes of one program take turns, so that the order of what is told is always the same.
 *
 * Words: a number; `'path'` with \xNN, \x20 for a blank, and \rN; for N times `a`; `buffer:N`;
 * `how:FLAGS,MODE,RESOLVE,SIZE` for openat2; `null`, `bad`. `@end` behind a path, buffer or how
 * puts it at the end of its page, `@cut` across the end, where nothing is mapped, `@fixed` where
 * nothing can be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

struct program the_program;

enum { PAGE = 4096, SLOT = 4 * PAGE };

struct name {
    const char *name;
    long number;
    enum kind kind;
    int buffer; /* which word, from 0 */
};

static const struct name names[] = {
    {"open", SYS_open, NOTHING, 0},
    {"creat", SYS_creat, NOTHING, 0},
    {"openat", SYS_openat, NOTHING, 0},
    {"openat2", SYS_openat2, NOTHING, 0},
    {"stat", SYS_stat, STAT, 1},
    {"lstat", SYS_lstat, STAT, 1},
    {"fstat", SYS_fstat, STAT, 1},
    {"newfstatat", SYS_newfstatat, STAT, 2},
    {"statx", SYS_statx, STATX, 4},
    {"statfs", SYS_statfs, STATFS, 1},
    {"fstatfs", SYS_fstatfs, STATFS, 1},
    {"readlink", SYS_readlink, BYTES, 1},
    {"readlinkat", SYS_readlinkat, BYTES, 2},
    {"access", SYS_access, NOTHING, 0},
    {"faccessat", SYS_faccessat, NOTHING, 0},
    {"faccessat2", SYS_faccessat2, NOTHING, 0},
    {"truncate", SYS_truncate, NOTHING, 0},
    {"ftruncate", SYS_ftruncate, NOTHING, 0},
    {"getxattr", SYS_getxattr, BYTES, 2},
    {"lgetxattr", SYS_lgetxattr, BYTES, 2},
    {"fgetxattr", SYS_fgetxattr, BYTES, 2},
    {"listxattr", SYS_listxattr, NAMES, 1},
    {"llistxattr", SYS_llistxattr, NAMES, 1},
    {"setxattr", SYS_setxattr, NOTHING, 0},
    {"removexattr", SYS_removexattr, NOTHING, 0},
    {"dup", SYS_dup, NOTHING, 0},
    {"dup2", SYS_dup2, NOTHING, 0},
    {"dup3", SYS_dup3, NOTHING, 0},
    {"fcntl", SYS_fcntl, NOTHING, 0},
    {"close", SYS_close, NOTHING, 0},
    {"close_range", SYS_close_range, NOTHING, 0},
    {"read", SYS_read, BYTES, 1},
    {"pread64", SYS_pread64, BYTES, 1},
    {"write", SYS_write, NOTHING, 0},
    {"lseek", SYS_lseek, NOTHING, 0},
    {"chdir", SYS_chdir, NOTHING, 0},
    {"fchdir", SYS_fchdir, NOTHING, 0},
    {"chroot", SYS_chroot, NOTHING, 0},
    {"getcwd", SYS_getcwd, STRING, 0},
    {"rename", SYS_rename, NOTHING, 0},
    {"renameat2", SYS_renameat2, NOTHING, 0},
    {"unlink", SYS_unlink, NOTHING, 0},
    {"unlinkat", SYS_unlinkat, NOTHING, 0},
    {"rmdir", SYS_rmdir, NOTHING, 0},
    {"symlink", SYS_symlink, NOTHING, 0},
    {"link", SYS_link, NOTHING, 0},
    {"linkat", SYS_linkat, NOTHING, 0},
    {"mkdir", SYS_mkdir, NOTHING, 0},
    {"mkdirat", SYS_mkdirat, NOTHING, 0},
    {"mknod", SYS_mknod, NOTHING, 0},
    {"chmod", SYS_chmod, NOTHING, 0},
    {"umask", SYS_umask, NOTHING, 0},
    {"getdents64", SYS_getdents64, LISTING, 1},
    {"uname", SYS_uname, UNAME, 0},
    {"sysinfo", SYS_sysinfo, SYSINFO, 0},
    {"pipe2", SYS_pipe2, PAIR, 0},
    {"unshare", SYS_unshare, NOTHING, 0},
    {"mount", SYS_mount, NOTHING, 0},
    {"umount2", SYS_umount2, NOTHING, 0},
    {"setuid", SYS_setuid, NOTHING, 0},
    {"setgid", SYS_setgid, NOTHING, 0},
    {"setresuid", SYS_setresuid, NOTHING, 0},
    {"setresgid", SYS_setresgid, NOTHING, 0},
    {"setfsuid", SYS_setfsuid, NOTHING, 0},
    {"prctl", SYS_prctl, NOTHING, 0},
    {"getuid", SYS_getuid, NOTHING, 0},
    {"geteuid", SYS_geteuid, NOTHING, 0},
};

static inline __attribute__((always_inline)) long raw_call(long number, const long *words) {
    register long fourth __asm__("r10") = words[3];
    register long fifth __asm__("r8") = words[4];
    register long sixth __asm__("r9") = words[5];
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(words[0]), "S"(words[1]), "d"(words[2]), "r"(fourth), "r"(fifth),
                       "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

/* As compilers make a call of a number that is known: such a place can be changed so that the
 * program answers it itself. */
#define PLACED_CALL(name)                                                                          \
    static __attribute__((noinline)) long placed_##name(const long *words) {                       \
        register long fourth __asm__("r10") = words[3];                                            \
        register long fifth __asm__("r8") = words[4];                                              \
        long result;                                                                               \
        __asm__ volatile("movl %[n], %%eax\n\tsyscall"                                             \
                         : "=a"(result)                                                            \
                         : [n] "i"(SYS_##name), "D"(words[0]), "S"(words[1]), "d"(words[2]),       \
                           "r"(fourth), "r"(fifth)                                                 \
                         : "rcx", "r11", "memory");                                                \
        return result;                                                                             \
    }

#define PLACED_CALLS(each)                                                                         \
    each(openat) each(statfs) each(fstatfs) each(stat) each(lstat) each(newfstatat) each(statx)    \
        each(access) each(faccessat) each(faccessat2) each(readlink) each(readlinkat)

PLACED_CALLS(PLACED_CALL)

#define PLACED_CASE(name)                                                                          \
    case SYS_##name:                                                                               \
        return placed_##name(words);

long call(long number, const long *words) {
    switch (number) {
        PLACED_CALLS(PLACED_CASE)
    default:
        return raw_call(number, words);
    }
}

/* Again where a stopped call may end before it has begun: "`notify`: a signal without `SA_RESTART`
 * before the worker has received the call", docs/limits.md. */
static long call_again(long number, const long *words) {
    long result;
    do
        result = call(number, words);
    while (result == -EINTR && !the_program.tells_interrupts);
    return result;
}

static long call_of(long number, long first, long second, long third, long fourth) {
    return call_again(number, (long[]){first, second, third, fourth, 0, 0});
}

#define STATX_OF_ALL 0xfff /* linux/stat.h, which sys/stat.h does not go with */

void run_warm(void) {
    char answer[256];
    const long path = (long)"/dev/null", at = (long)answer;
    for (int i = 0; i < 8; i++) {
        const long fd = call_of(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        call_of(SYS_statfs, path, at, 0, 0);
        call_of(SYS_fstatfs, fd, at, 0, 0);
        call_of(SYS_stat, path, at, 0, 0);
        call_of(SYS_lstat, path, at, 0, 0);
        call_of(SYS_newfstatat, AT_FDCWD, path, at, 0);
        call(SYS_statx, (long[]){AT_FDCWD, path, 0, STATX_OF_ALL, at, 0});
        call_of(SYS_access, path, F_OK, 0, 0);
        call_of(SYS_faccessat, AT_FDCWD, path, F_OK, 0);
        call_of(SYS_faccessat2, AT_FDCWD, path, F_OK, 0);
        call_of(SYS_readlink, path, at, sizeof answer, 0);
        call_of(SYS_readlinkat, AT_FDCWD, path, at, sizeof answer);
        call_of(SYS_close, fd, 0, 0, 0);
    }
}

/* Each word of a call has pages of its own: two that can be used, one that cannot, one for reading.
 */
static unsigned char *slots;

void run_prepare(void) {
    slots = mmap(NULL, (size_t)MOST_WORDS * SLOT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < MOST_WORDS; i++)
        mprotect(slots + (size_t)i * SLOT, 2 * PAGE, PROT_READ | PROT_WRITE);
}

static unsigned char *slot_of(int word) {
    if (!slots)
        run_prepare();
    return slots + (size_t)word * SLOT;
}

/* Where a piece of `size` bytes lies: `behind` is what follows the word. */
static long place(int word, const void *bytes, size_t size, const char *behind) {
    unsigned char *slot = slot_of(word);
    size_t fits = size < 2 * PAGE ? size : 2 * PAGE;
    if (!strcmp(behind, "@end")) {
        memcpy(slot + 2 * PAGE - fits, bytes, fits);
        return (long)(slot + 2 * PAGE - fits);
    }
    if (!strcmp(behind, "@cut")) {
        size_t part = size / 2 < 2 * PAGE ? size / 2 : PAGE;
        memcpy(slot + 2 * PAGE - part, bytes, part);
        return (long)(slot + 2 * PAGE - part);
    }
    size_t from = fits < PAGE ? 128 : 0;
    memcpy(slot + from, bytes, fits);
    if (!strcmp(behind, "@fixed"))
        mprotect(slot, 2 * PAGE, PROT_READ);
    return (long)(slot + from);
}

static size_t unescape(const char *from, const char *end, unsigned char *to, size_t room) {
    size_t size = 0;
    while (from < end && size + 1 < room) {
        if (from[0] == '\\' && from[1] == 'x') {
            unsigned value = 0;
            sscanf(from + 2, "%2x", &value);
            to[size++] = (unsigned char)value;
            from += 4;
        } else if (from[0] == '\\' && from[1] == 'r') {
            char *rest;
            for (long n = strtol(from + 2, &rest, 10); n > 0 && size + 1 < room; n--)
                to[size++] = 'a';
            from = rest + 1;
        } else {
            to[size++] = (unsigned char)*from++;
        }
    }
    to[size++] = 0;
    return size;
}

struct words {
    long values[MOST_WORDS];
    size_t room[MOST_WORDS]; /* of buffers */
};

static void take_word(const char *text, int at, struct words *into) {
    unsigned char bytes[3 * PAGE];
    const char *behind = strchr(text, '@');
    if (*text == '\'') {
        const char *end = strrchr(text, '\'');
        behind = end + 1;
        into->values[at] = place(at, bytes, unescape(text + 1, end, bytes, sizeof bytes), behind);
    } else if (!strncmp(text, "buffer:", 7)) {
        size_t room = strtoul(text + 7, NULL, 0);
        if (room > 2 * PAGE)
            room = 2 * PAGE;
        memset(bytes, 0xa5, sizeof bytes);
        into->values[at] = place(at, bytes, room, behind ? behind : "");
        into->room[at] = behind && !strcmp(behind, "@cut") ? room / 2 : room;
    } else if (!strncmp(text, "how:", 4)) {
        unsigned long how[3] = {0};
        unsigned long size = 24;
        sscanf(text + 4, "%li,%li,%li,%li", (long *)&how[0], (long *)&how[1], (long *)&how[2],
               (long *)&size);
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, how, sizeof how);
        into->values[at] = place(at, bytes, size < PAGE ? size : PAGE, behind ? behind : "");
    } else if (!strcmp(text, "bad")) {
        into->values[at] = (long)(slot_of(at) + 2 * PAGE);
    } else if (strcmp(text, "null") != 0) {
        into->values[at] = strtol(text, NULL, 0);
    }
}

static void on_signal(int number) {
    (void)number;
}

/* Of `raise` alone: how often a timer's handler runs is nobody's to know. */
static volatile int handled;

static void on_raised(int number) {
    (void)number;
    handled++;
}

/* A timer of POSIX, which is not inherited; its signals are others than SIGALRM. */
static long set_timer_of(int number, long microseconds, bool restarts) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = restarts ? SA_RESTART : 0};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
    struct itimerspec often = {{0, microseconds * 1000}, {0, microseconds * 1000}};
    int timer = 0;
    sigaction(number, &action, NULL);
    long result = call_of(SYS_timer_create, CLOCK_MONOTONIC, (long)&event, (long)&timer, 0);
    return result < 0 ? result : call_of(SYS_timer_settime, timer, 0, (long)&often, 0);
}

enum { HANDLES, RESTARTS, IGNORES, DEFAULT };

static long set_signal(int number, long how) {
    struct sigaction action = {.sa_handler = on_raised, .sa_flags = how == RESTARTS ? SA_RESTART : 0};
    if (how == IGNORES || how == DEFAULT)
        action.sa_handler = how == IGNORES ? SIG_IGN : SIG_DFL;
    return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

static long set_capabilities(const long *values) {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){(uint32_t)(values[0] >> 32 * i),
                                                  (uint32_t)(values[1] >> 32 * i),
                                                  (uint32_t)(values[2] >> 32 * i)};
    return call_of(SYS_capset, (long)&head, (long)data, 0, 0);
}

static void set_timer(long microseconds, bool restarts) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = restarts ? SA_RESTART : 0};
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static long forbid(long number, long error) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog all = {sizeof filter / sizeof *filter, filter};
    call_of(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0);
    return call_of(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&all, 0);
}

/* Tells on which filesystem a mount table says that the place lies. */
static void say_table(long path) {
    long opened = call_of(SYS_open, path, O_RDONLY | O_CLOEXEC, 0, 0);
    if (opened < 0) {
        say(" %ld", opened);
        return;
    }
    static char text[1 << 16];
    long size = 0;
    for (long got; size < (long)sizeof text - 1; size += got) {
        got = call_of(SYS_read, opened, (long)(text + size), (long)sizeof text - 1 - size, 0);
        if (got <= 0)
            break;
    }
    text[size] = 0;
    /* It may have forbidden close(2), or have it do nothing; a table shows ids that are others each
     * time. gVisor of 2022 has no close_range(2). */
    if (call_of(SYS_close_range, opened, opened, 0, 0) < 0)
        call_of(SYS_close, opened, 0, 0, 0);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, "seccomp-spoof-fuzz "))
            say(strstr(line, " ext4 ") ? " ext4" : strstr(line, " tmpfs ") ? " tmpfs" : " ?");
}

struct part {
    int from, to;
};

static int run_part(void *argument) {
    struct part *part = argument;
    run_lines(part->from, part->to);
    return 0;
}

static int run_child(void *argument) {
    run_part(argument);
    call_of(SYS_exit, 0, 0, 0, 0);
    return 0;
}

struct thread_part {
    struct part part;
    long tid;
};

static void *run_thread(void *argument) {
    struct thread_part *thread = argument;
    thread->tid = call_of(SYS_gettid, 0, 0, 0, 0);
    run_part(&thread->part);
    return NULL;
}

/* The kernel lets a thread be joined before it is gone; until then unshare(2) refuses for its sake. */
static void wait_until_gone(long tid) {
    const long process = call_of(SYS_getpid, 0, 0, 0, 0);
    for (int turn = 0; turn < 1 << 20 && call_of(SYS_tgkill, process, tid, 0, 0) == 0; turn++)
        call_of(SYS_sched_yield, 0, 0, 0, 0);
}

static void say_end(long child) {
    int status = 0;
    if (child < 0) {
        say("  failed %ld\n", child);
        return;
    }
    while (call_of(SYS_wait4, child, (long)&status, __WALL, 0) == -EINTR) {
    }
    say("  ended %x\n", (unsigned)status);
}

static long start_self(int from, int to) {
    char first[16], last[16];
    snprintf(first, sizeof first, "%d", from);
    snprintf(last, sizeof last, "%d", to);
    char *words[] = {"fuzz", "continue", first, last, the_program.tells_interrupts ? "1" : "0",
                     NULL};
    char *variables[] = {NULL};
    set_timer(0, true);
    long all[] = {FD_SELF, (long)"", (long)words, (long)variables, AT_EMPTY_PATH, 0};
    return call(SYS_execveat, all);
}

/* Also where the child has this very memory, and this very stack: it must not leave this function, and
 * the call is made in it, since a return address below would be overwritten. */
static __attribute__((noinline)) long branch_here(long number, const long *words,
                                                  struct part part) {
    const long child = raw_call(number, words);
    if (child == 0) {
        run_lines(part.from, part.to);
        call_of(SYS_exit_group, 0, 0, 0, 0);
    }
    return child;
}

/* A process or a thread that runs the next lines; how many is the last word. */
static bool run_branch(const char *name, const struct words *words, struct part part) {
    bool is_process = !strcmp(name, "fork") || !strcmp(name, "exec");
    if (!is_process && strcmp(name, "thread") != 0 && strcmp(name, "clone") != 0 &&
        strcmp(name, "vfork") != 0 && strcmp(name, "clone3") != 0)
        return false;
    say("%s\n", name);
    if (!strcmp(name, "thread")) {
        pthread_t thread;
        struct thread_part of_thread = {part, 0};
        int error = pthread_create(&thread, NULL, run_thread, &of_thread);
        if (!error) {
            pthread_join(thread, NULL);
            wait_until_gone(of_thread.tid);
        }
        say("  thread %d\n", error);
    } else if (is_process) {
        long child = call_of(SYS_clone, SIGCHLD, 0, 0, 0);
        if (child == 0) {
            if (*name == 'e')
                say("execveat %ld\n", start_self(part.from, part.to));
            else
                run_lines(part.from, part.to);
            call_of(SYS_exit_group, 0, 0, 0, 0);
        }
        say_end(child);
    } else if (!strcmp(name, "vfork")) {
        say_end(branch_here(SYS_vfork, (long[6]){0}, part));
    } else if (!strcmp(name, "clone3")) {
        uint64_t arguments[512] = {(uint64_t)words->values[0]};
        arguments[4] = SIGCHLD;
        long all[6] = {(long)arguments, words->values[1]};
        say_end(branch_here(SYS_clone3, all, part));
    } else {
        size_t size = 1 << 18;
        char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack == MAP_FAILED) {
            say_end(-errno);
            return true;
        }
        int child = clone(run_child, stack + size, (int)words->values[0] | SIGCHLD, &part);
        long error = child < 0 ? -errno : child;
        say_end(error);
        munmap(stack, size);
    }
    return true;
}

static long run_other(const char *name, const struct words *words) {
    const long *values = words->values;
    if (!strcmp(name, "timer")) {
        if (values[2] != 0)
            return set_timer_of((int)values[2], values[0], values[1] != 0);
        set_timer(values[0], values[1] != 0);
        return 0;
    }
    if (!strcmp(name, "signal"))
        return set_signal((int)values[0], values[1]);
    if (!strcmp(name, "raise")) {
        long result = call_of(SYS_tgkill, call_of(SYS_getpid, 0, 0, 0, 0),
                              call_of(SYS_gettid, 0, 0, 0, 0), values[0], 0);
        say(" handled %d", handled);
        return result;
    }
    if (!strcmp(name, "capset"))
        return set_capabilities(values);
    if (!strcmp(name, "limit")) {
        struct rlimit limit = {(rlim_t)values[1], (rlim_t)values[1]};
        return call_of(SYS_prlimit64, 0, values[0], (long)&limit, 0);
    }
    if (!strcmp(name, "groups"))
        return call_of(SYS_setgroups, 0, 0, 0, 0);
    if (!strcmp(name, "forbid"))
        return forbid(values[0], values[1]);
    if (!strcmp(name, "drop")) {
        struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2] = {{0}};
        return call_of(SYS_capset, (long)&head, (long)data, 0, 0);
    }
    if (!strcmp(name, "table")) {
        say_table(values[0]);
        return 0;
    }
    return -ENOSYS;
}

static const struct name *find(const char *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].name, name))
            return &names[i];
    return NULL;
}

void run_lines(int from, int to) {
    for (int line = from; line < to && line < the_program.count; line++) {
        char text[1024], *rest = NULL, *list[MOST_WORDS] = {0};
        snprintf(text, sizeof text, "%s", the_program.lines[line]);
        char *name = strtok_r(text, " ", &rest);
        struct words words = {0};
        int count = 0;
        if (!name)
            continue;
        for (char *word; count < MOST_WORDS && (word = strtok_r(NULL, " ", &rest)); count++) {
            list[count] = word;
            take_word(word, count, &words);
        }
        int next = line + 1 + (int)(count ? words.values[count - 1] : 0);
        struct part part = {line + 1, next < to ? next : to};
        say("%d ", line);
        if (run_branch(name, &words, part)) {
            line = part.to - 1;
            continue;
        }
        say("%s ", name);
        const struct name *known = find(name);
        if (known) {
            const long result = call_again(known->number, words.values);
            const char *told = (const char *)words.values[known->buffer];
            /* Pipes have numbers of their own each time. */
            bool is_pipe =
                !strncmp(name, "readlink", 8) && result > 0 && !strncmp(told, "pipe:", 5);
            if (is_pipe)
                say("pipe");
            else
                say("%ld", result);
            if (!is_pipe && words.room[known->buffer])
                say_answer(known->kind, (void *)words.values[known->buffer],
                           words.room[known->buffer], result);
        } else {
            say(" %ld", run_other(name, &words));
        }
        say("\n");
        for (int i = 0; i < count; i++)
            if (strstr(list[i], "@fixed"))
                mprotect(slot_of(i), 2 * PAGE, PROT_READ | PROT_WRITE);
    }
}

void program_split(char *text) {
    the_program.count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (the_program.count < MOST_LINES)
            the_program.lines[the_program.count++] = line;
}
