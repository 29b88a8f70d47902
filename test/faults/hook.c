/* hook.c - stands before each system call that the supervisor makes, and before malloc(3): linked into
 * a build for tests, by the linker's --wrap (Makefile). The n-th call of a kind, counted over all its
 * processes, fails or is delayed. Rule: what fails is not done, but for close(2), which always closes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../csrc/arch/kernel.h"
#include "hook.h"

static struct hook_control *control;

long __real_syscall(long number, ...);
void *__real_mmap(void *, size_t, int, int, int, off_t);
int __real_open(const char *, int, ...);
int __real_close(int);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv(HOOK_VARIABLE);
    int fd = path ? __real_open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = __real_mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    __real_close(fd);
    unsetenv(HOOK_VARIABLE); /* nothing of this is the command's */
    if (map != MAP_FAILED)
        control = map;
}

enum kind {
#define KIND(name) KIND_##name,
#include "kinds.h"
#undef KIND
    KIND_COUNT,
};

static const char *const names[] = {
#define KIND(name) [KIND_##name] = #name,
#include "kinds.h"
#undef KIND
};
_Static_assert(KIND_COUNT < HOOK_KINDS, "all kinds have a place");

/* Does this call fail? Then errno says how. */
static int fails(enum kind kind, const void *site) {
    if (!control)
        return 0;
    const int error = errno;
    const uint32_t number = atomic_fetch_add(&control->counts[kind], 1);
    const uint32_t place = atomic_fetch_add(&control->made, 1);
    if (number == 0)
        strncpy(control->names[kind], names[kind], HOOK_NAME - 1);
    if (place < HOOK_CALLS) {
        control->calls[place].kind = kind;
        control->calls[place].number = number;
        control->calls[place].site = (uint64_t)(uintptr_t)site;
    }
    if (strcmp(control->kind, names[kind]) != 0 || number - control->nth >= control->times)
        return 0;
    control->site = (uint64_t)(uintptr_t)site;
    control->process = (int32_t)__real_syscall(SYS_getpid);
    atomic_fetch_add(&control->hits, 1);
    if (control->delay_us != 0) {
        const struct timespec delay = {0, (long)control->delay_us * 1000};
        __real_syscall(SYS_nanosleep, &delay, NULL);
        errno = error;
        return 0;
    }
    errno = control->error;
    return 1;
}

#define SITE __builtin_return_address(0)
#define WRAP(type, name, failed, parameters, arguments)                                                \
    type __real_##name parameters;                                                                     \
    type __wrap_##name parameters;                                                                     \
    type __wrap_##name parameters {                                                                    \
        return fails(KIND_##name, SITE) ? (type)(failed) : __real_##name arguments;                    \
    }

WRAP(void *, malloc, NULL, (size_t a), (a))
WRAP(void *, calloc, NULL, (size_t a, size_t b), (a, b))
WRAP(void *, realloc, NULL, (void *a, size_t b), (a, b))
WRAP(char *, strdup, NULL, (const char *a), (a))
WRAP(int, chdir, -1, (const char *a), (a))
WRAP(int, fchdir, -1, (int a), (a))
WRAP(int, dup2, -1, (int a, int b), (a, b))
WRAP(int, dup3, -1, (int a, int b, int c), (a, b, c))
WRAP(int, eventfd, -1, (unsigned a, int b), (a, b))
WRAP(int, faccessat, -1, (int a, const char *b, int c, int d), (a, b, c, d))
WRAP(int, fchmod, -1, (int a, mode_t b), (a, b))
WRAP(int, fchown, -1, (int a, uid_t b, gid_t c), (a, b, c))
WRAP(FILE *, fdopen, NULL, (int a, const char *b), (a, b))
WRAP(DIR *, fdopendir, NULL, (int a), (a))
WRAP(DIR *, opendir, NULL, (const char *a), (a))
WRAP(struct dirent *, readdir, NULL, (DIR * a), (a))
WRAP(int, flock, -1, (int a, int b), (a, b))
WRAP(FILE *, fopen, NULL, (const char *a, const char *b), (a, b))
WRAP(pid_t, fork, -1, (void), ())
WRAP(int, fstat, -1, (int a, struct stat *b), (a, b))
WRAP(int, fstatat, -1, (int a, const char *b, struct stat *c, int d), (a, b, c, d))
WRAP(int, fstatvfs, -1, (int a, struct statvfs *b), (a, b))
WRAP(int, ftruncate, -1, (int a, off_t b), (a, b))
WRAP(int, getrlimit, -1, (int a, struct rlimit *b), (a, b))
WRAP(int, setrlimit, -1, (int a, const struct rlimit *b), (a, b))
WRAP(int, prlimit, -1, (pid_t a, int b, const struct rlimit *c, struct rlimit *d), (a, b, c, d))
WRAP(int, getsockopt, -1, (int a, int b, int c, void *d, socklen_t *e), (a, b, c, d, e))
WRAP(int, setsockopt, -1, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e))
WRAP(int, inotify_add_watch, -1, (int a, const char *b, uint32_t c), (a, b, c))
WRAP(int, inotify_init1, -1, (int a), (a))
WRAP(int, inotify_rm_watch, -1, (int a, int b), (a, b))
WRAP(int, kill, -1, (pid_t a, int b), (a, b))
WRAP(void *, mmap, MAP_FAILED, (void *a, size_t b, int c, int d, int e, off_t f), (a, b, c, d, e, f))
WRAP(int, munmap, -1, (void *a, size_t b), (a, b))
WRAP(int, poll, -1, (struct pollfd * a, nfds_t b, int c), (a, b, c))
WRAP(int, ppoll, -1, (struct pollfd * a, nfds_t b, const struct timespec *c, const sigset_t *d),
     (a, b, c, d))
WRAP(ssize_t, pread, -1, (int a, void *b, size_t c, off_t d), (a, b, c, d))
WRAP(ssize_t, pwrite, -1, (int a, const void *b, size_t c, off_t d), (a, b, c, d))
WRAP(ssize_t, process_vm_readv, -1,
     (pid_t a, const struct iovec *b, unsigned long c, const struct iovec *d, unsigned long e,
      unsigned long f),
     (a, b, c, d, e, f))
WRAP(ssize_t, process_vm_writev, -1,
     (pid_t a, const struct iovec *b, unsigned long c, const struct iovec *d, unsigned long e,
      unsigned long f),
     (a, b, c, d, e, f))
WRAP(ssize_t, readlink, -1, (const char *a, char *b, size_t c), (a, b, c))
WRAP(ssize_t, readlinkat, -1, (int a, const char *b, char *c, size_t d), (a, b, c, d))
WRAP(ssize_t, recv, -1, (int a, void *b, size_t c, int d), (a, b, c, d))
WRAP(ssize_t, recvmsg, -1, (int a, struct msghdr *b, int c), (a, b, c))
WRAP(ssize_t, send, -1, (int a, const void *b, size_t c, int d), (a, b, c, d))
WRAP(ssize_t, sendmsg, -1, (int a, const struct msghdr *b, int c), (a, b, c))
WRAP(int, getitimer, -1, (int a, struct itimerval *b), (a, b))
WRAP(int, setitimer, -1, (int a, const struct itimerval *b, struct itimerval *c), (a, b, c))
WRAP(int, setns, -1, (int a, int b), (a, b))
WRAP(int, setpgid, -1, (pid_t a, pid_t b), (a, b))
WRAP(pid_t, setsid, -1, (void), ())
WRAP(int, signalfd, -1, (int a, const sigset_t *b, int c), (a, b, c))
WRAP(int, sigtimedwait, -1, (const sigset_t *a, siginfo_t *b, const struct timespec *c), (a, b, c))
WRAP(int, socketpair, -1, (int a, int b, int c, int *d), (a, b, c, d))
WRAP(int, uname, -1, (void *a), (a))
WRAP(pid_t, wait4, -1, (pid_t a, int *b, int c, struct rusage *d), (a, b, c, d))
WRAP(pid_t, waitpid, -1, (pid_t a, int *b, int c), (a, b, c))
WRAP(int, waitid, -1, (int a, id_t b, siginfo_t *c, int d), (a, b, c, d))
WRAP(int, execvp, -1, (const char *a, char *const *b), (a, b))

int __wrap_close(int fd);
int __wrap_close(int fd) {
    const int closed = __real_close(fd);
    return fails(KIND_close, SITE) ? -1 : closed;
}

off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence) {
    const enum kind kind = whence == SEEK_DATA || whence == SEEK_HOLE ? KIND_lseek_data : KIND_lseek;
    return fails(kind, SITE) ? -1 : __real_lseek(fd, offset, whence);
}

/* Eight bytes are an eventfd(2)'s, and more than a hundred at once a signalfd(2)'s. */
ssize_t __real_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size);
ssize_t __wrap_read(int fd, void *to, size_t size) {
    const bool counts = size == sizeof(uint64_t) || size % sizeof(struct signalfd_siginfo) == 0;
    struct stat info;
    const bool file = !counts || (__real_fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) != 0);
    return fails(file ? KIND_read : KIND_read_count, SITE) ? -1 : __real_read(fd, to, size);
}

ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size) {
    const enum kind kind = size == sizeof(uint64_t) ? KIND_write_count : KIND_write;
    return fails(kind, SITE) ? -1 : __real_write(fd, from, size);
}

int __real_closedir(DIR *directory);
int __wrap_closedir(DIR *directory);
int __wrap_closedir(DIR *directory) {
    const int closed = __real_closedir(directory);
    return fails(KIND_close, SITE) ? -1 : closed;
}

char *__real_fgets(char *line, int size, FILE *file);
char *__wrap_fgets(char *line, int size, FILE *file);
char *__wrap_fgets(char *line, int size, FILE *file) {
    if (!fails(KIND_fgets, SITE))
        return __real_fgets(line, size, file);
    file->_flags |= 0x20; /* as ferror(3) sees it, bits/types/struct_FILE.h */
    return NULL;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument) {
    return fails(KIND_pthread_create, SITE) ? errno
                                            : __real_pthread_create(thread, attributes, run, argument);
}

/* ---- those with a variable number of arguments, all of which fit a long ---- */

#define TAKE(last, count)                                                                              \
    long rest[count];                                                                                  \
    va_list list;                                                                                      \
    va_start(list, last);                                                                              \
    for (int i = 0; i < (count); i++)                                                                  \
        rest[i] = va_arg(list, long);                                                                  \
    va_end(list)

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
    TAKE(flags, 1);
    return fails(KIND_open, SITE) ? -1 : __real_open(path, flags, (mode_t)rest[0]);
}

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...) {
    TAKE(flags, 1);
    return fails(flags & O_PATH ? KIND_openat_path : KIND_openat, SITE)
               ? -1
               : __real_openat(directory, path, flags, (mode_t)rest[0]);
}

static enum kind kind_of_fcntl(int command) {
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return KIND_fcntl_dup;
    case F_ADD_SEALS:
        return KIND_fcntl_seal;
    case F_SETLEASE:
        return KIND_fcntl_lease;
    default:
        return KIND_fcntl_flags;
    }
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
    TAKE(command, 1);
    return fails(kind_of_fcntl(command), SITE) ? -1 : __real_fcntl(fd, command, rest[0]);
}

static enum kind kind_of_ioctl(unsigned long request) {
    switch (request) {
    case K_SECCOMP_IOCTL_NOTIF_RECV:
        return KIND_ioctl_receive;
    case K_SECCOMP_IOCTL_NOTIF_SEND:
        return KIND_ioctl_send;
    case K_SECCOMP_IOCTL_NOTIF_ID_VALID:
    case K_SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR:
        return KIND_ioctl_id_valid;
    case K_SECCOMP_IOCTL_NOTIF_ADDFD:
        return KIND_ioctl_addfd;
    default:
        return KIND_ioctl_set_flags;
    }
}

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...) {
    TAKE(request, 1);
    return fails(kind_of_ioctl(request), SITE) ? -1 : __real_ioctl(fd, request, rest[0]);
}

static enum kind kind_of_prctl(int option) {
    switch (option) {
    case PR_SET_CHILD_SUBREAPER:
        return KIND_prctl_subreaper;
    case PR_SET_NO_NEW_PRIVS:
        return KIND_prctl_no_new_privs;
    case PR_SET_PTRACER:
        return KIND_prctl_ptracer;
    default:
        return KIND_prctl;
    }
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...) {
    TAKE(option, 4);
    return fails(kind_of_prctl(option), SITE)
               ? -1
               : __real_prctl(option, rest[0], rest[1], rest[2], rest[3]);
}

static enum kind kind_of_ptrace(int request) {
    switch (request) {
    case PTRACE_SEIZE:
        return KIND_ptrace_seize;
    case PTRACE_INTERRUPT:
        return KIND_ptrace_interrupt;
    case PTRACE_LISTEN:
        return KIND_ptrace_listen;
    case PTRACE_CONT:
    case PTRACE_SYSCALL:
        return KIND_ptrace_go_on;
    case PTRACE_GETREGS:
        return KIND_ptrace_getregs;
    case PTRACE_SETREGS:
        return KIND_ptrace_setregs;
    case PTRACE_GETSIGINFO:
        return KIND_ptrace_getsiginfo;
    case PTRACE_GETEVENTMSG:
        return KIND_ptrace_geteventmsg;
    case PTRACE_SETOPTIONS:
        return KIND_ptrace_setoptions;
    case PTRACE_PEEKDATA:
        return KIND_ptrace_peekdata;
    case PTRACE_POKEDATA:
        return KIND_ptrace_pokedata;
    case PTRACE_GETSIGMASK:
    case PTRACE_SETSIGMASK:
        return KIND_ptrace_sigmask;
    default:
        return KIND_ptrace_call_info;
    }
}

long __real_ptrace(int request, ...);
long __wrap_ptrace(int request, ...);
long __wrap_ptrace(int request, ...) {
    TAKE(request, 3);
    return fails(kind_of_ptrace(request), SITE)
               ? -1
               : __real_ptrace(request, (pid_t)rest[0], (void *)rest[1], (void *)rest[2]);
}

static enum kind kind_of_syscall(long number) {
    static const struct { long number; enum kind kind; } kinds[] = {
        {SYS_fstatfs, KIND_fstatfs},
        {SYS_statfs, KIND_statfs},
        {SYS_statx, KIND_statx},
        {SYS_newfstatat, KIND_newfstatat},
        {SYS_setfsuid, KIND_setfsid},
        {SYS_setfsgid, KIND_setfsid},
        {SYS_setresuid, KIND_setresid},
        {SYS_setresgid, KIND_setresid},
        {SYS_setgroups, KIND_setgroups},
        {SYS_capget, KIND_capget},
        {SYS_capset, KIND_capset},
        {SYS_memfd_create, KIND_memfd_create},
        {SYS_futex, KIND_futex},
        {SYS_seccomp, KIND_seccomp},
        {SYS_move_pages, KIND_move_pages},
        {SYS_unshare, KIND_unshare},
        {SYS_clone, KIND_clone},
        {SYS_sysinfo, KIND_sysinfo},
        {SYS_getcwd, KIND_getcwd},
        {SYS_gettid, KIND_gettid},
        {SYS_rt_sigqueueinfo, KIND_sigqueueinfo},
        {SYS_rt_sigaction, KIND_sigaction},
        {SYS_rt_sigprocmask, KIND_sigprocmask},
        {SYS_rt_sigpending, KIND_sigpending},
        {SYS_rt_sigtimedwait, KIND_sigtimedwait},
        {K_NR_OPENAT2, KIND_openat2},
        {K_NR_PIDFD_OPEN, KIND_pidfd_open},
        {K_NR_PIDFD_GETFD, KIND_pidfd_getfd},
        {K_NR_PIDFD_SEND_SIGNAL, KIND_pidfd_send_signal},
        {K_NR_FACCESSAT2, KIND_faccessat2},
        {K_NR_STATMOUNT, KIND_statmount},
        {K_NR_CLOSE_RANGE, KIND_close_range},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].number == number)
            return kinds[i].kind;
    return KIND_syscall;
}

/* openat2(2) of no path is asked what the kernel says of its other arguments. */
static enum kind kind_of_call(long number, const long arguments[]) {
    const enum kind kind = kind_of_syscall(number);
    return kind == KIND_openat2 && arguments[1] == 0 ? KIND_openat2_nothing : kind;
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...) {
    TAKE(number, 6);
    const enum kind kind = kind_of_call(number, rest);
    /* These two say no error, but the ids that are still the thread's, setfsuid(2). */
    if (kind == KIND_setfsid && fails(kind, SITE))
        return __real_syscall(number, -1L);
    return kind != KIND_setfsid && fails(kind, SITE)
               ? -1
               : __real_syscall(number, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]);
}
