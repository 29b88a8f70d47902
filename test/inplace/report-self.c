/* report-self OUTPUT [ARGUMENT...] - writes to OUTPUT everything that a program inherits from
 * whoever started it, one fact a line, in an order and a spelling that depend on nothing else.
 * Everything is gathered before OUTPUT is opened, so that the report disturbs no descriptor; "-" is
 * standard output. Two reports of the same set-up are compared line by line: see inplace.test.ts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SIGNALS 64
#define DESCRIPTORS 65536

extern char **environ;

static char *text;
static size_t length, capacity;

static void die(const char *what) {
    dprintf(2, "report-self: %s: %s\n", what, strerror(errno));
    _exit(120);
}

static void put(const void *bytes, size_t count) {
    if (length + count + 1 > capacity) {
        capacity = (length + count + 1) * 2;
        text = realloc(text, capacity);
        if (text == NULL)
            die("realloc");
    }
    memcpy(text + length, bytes, count);
    length += count;
    text[length] = 0;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
    char line[8192];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (count < 0 || (size_t)count >= sizeof line)
        die("a line is too long");
    put(line, (size_t)count);
}

/* Bytes as they are where they can be read, else \xHH. */
static void quote(const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '\\')
            put(&bytes[i], 1);
        else
            say("\\x%02x", byte);
    }
}

static void say_quoted(const char *bytes) {
    quote(bytes, strlen(bytes));
    put("\n", 1);
}

static void say_error(const char *key) {
    say("%s: %s\n", key, strerrorname_np(errno));
}

static void say_number(const char *key, long value) {
    if (value == -1 && errno != 0)
        say_error(key);
    else
        say("%s: %ld\n", key, value);
}

static void say_link(const char *key, const char *path) {
    char target[4096];
    ssize_t count = readlink(path, target, sizeof target);
    if (count < 0) {
        say_error(key);
        return;
    }
    say("%s: ", key);
    quote(target, (size_t)count);
    put("\n", 1);
}

/* The whole of a small file; its length, or -1. */
static ssize_t slurp(const char *path, char *buffer, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size_t total = 0;
    ssize_t count;
    while (total < size - 1 && (count = read(fd, buffer + total, size - 1 - total)) > 0)
        total += (size_t)count;
    close(fd);
    buffer[total] = 0;
    return (ssize_t)total;
}

static void say_file(const char *key, const char *path) {
    char content[16384];
    if (slurp(path, content, sizeof content) < 0) {
        say_error(key);
        return;
    }
    for (char *rest = content, *line; (line = strsep(&rest, "\n")) != NULL;)
        if (*line != 0) {
            say("%s: ", key);
            say_quoted(line);
        }
}

static void report_identity(void) {
    say("pid: %d\nppid: %d\npgrp: %d\nsid: %d\n", getpid(), getppid(), getpgrp(), getsid(0));
    say("thread: %s\n", (pid_t)syscall(SYS_gettid) == getpid() ? "the leader" : "not the leader");
    char stat[4096], *fields;
    if (slurp("/proc/self/stat", stat, sizeof stat) > 0 && (fields = strrchr(stat, ')')) != NULL) {
        int terminal, group;
        if (sscanf(fields + 1, " %*c %*d %*d %*d %d %d", &terminal, &group) == 2)
            say("controlling-terminal: %d\n", terminal);
    }
}

static void report_terminals(void) {
    for (int fd = 0; fd < 3; fd++) {
        struct termios modes;
        struct winsize size;
        if (tcgetattr(fd, &modes) != 0) {
            say("terminal.%d: %s\n", fd, strerrorname_np(errno));
            continue;
        }
        say("terminal.%d: i=%o o=%o c=%o l=%o line=%d speed=%u/%u cc=", fd, modes.c_iflag,
            modes.c_oflag, modes.c_cflag, modes.c_lflag, modes.c_line, cfgetispeed(&modes),
            cfgetospeed(&modes));
        for (int i = 0; i < NCCS; i++)
            say("%02x", modes.c_cc[i]);
        put("\n", 1);
        if (ioctl(fd, TIOCGWINSZ, &size) == 0)
            say("terminal.%d.size: %d %d\n", fd, size.ws_row, size.ws_col);
        pid_t group = tcgetpgrp(fd);
        say("terminal.%d.foreground: %s\n", fd,
            group < 0            ? strerrorname_np(errno)
            : group == getpgrp() ? "our group"
            : group == getppid() ? "the parent's group"
                                 : "another group");
    }
}

/* The kernel's own calls: the C library hides signals 32 and 33. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static void report_signals(void) {
    for (int signal = 1; signal <= SIGNALS; signal++) {
        struct kernel_sigaction action;
        if (syscall(SYS_rt_sigaction, signal, NULL, &action, sizeof(uint64_t)) != 0)
            die("rt_sigaction");
        say("signal.%d: %s flags=%lx\n", signal,
            action.handler == SIG_DFL   ? "default"
            : action.handler == SIG_IGN ? "ignored"
                                        : "handled",
            action.handler == SIG_DFL || action.handler == SIG_IGN ? 0 : action.flags);
    }
    uint64_t blocked = 0, pending = 0;
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof blocked) != 0)
        die("rt_sigprocmask");
    if (syscall(SYS_rt_sigpending, &pending, sizeof pending) != 0)
        die("rt_sigpending");
    say("signals.blocked: %016" PRIx64 "\nsignals.pending: %016" PRIx64 "\n", blocked, pending);
}

/* Takes the pending signals, one after the other: who sent them, and with what. */
static void report_pending(void) {
    uint64_t pending = 0;
    if (syscall(SYS_rt_sigpending, &pending, sizeof pending) != 0)
        die("rt_sigpending");
    for (int signal = 1; signal <= SIGNALS; signal++) {
        uint64_t one = (uint64_t)1 << (signal - 1);
        if ((pending & one) == 0)
            continue;
        struct timespec now = {0};
        siginfo_t info;
        while (syscall(SYS_rt_sigtimedwait, &one, &info, &now, sizeof one) == signal)
            say("pending.%d: code=%d from=%s uid=%d value=%d\n", signal, info.si_code,
                info.si_pid == getpid()    ? "ourselves"
                : info.si_pid == getppid() ? "the parent"
                                           : "elsewhere",
                (int)info.si_uid, info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
    }
}

static void report_limits(void) {
    static const char *const names[] = {
        "cpu",     "fsize", "data",  "stack",      "core",     "rss",  "nproc",  "nofile",
        "memlock", "as",    "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"};
    for (int which = 0; which < (int)(sizeof names / sizeof *names); which++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)which, &limit) != 0)
            die("getrlimit");
        say("limit.%s: %" PRIu64 " %" PRIu64 "\n", names[which], (uint64_t)limit.rlim_cur,
            (uint64_t)limit.rlim_max);
    }
}

/* How many numbers may be open: each look costs two stops under a tracer. */
static int descriptor_slots(void) {
    char line[256];
    int slots = DESCRIPTORS;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "FDSize: %d", &slots);
    if (status)
        fclose(status);
    return slots < 256 ? 256 : slots;
}

static void report_descriptors(void) {
    const int slots = descriptor_slots();
    for (int fd = 0; fd < slots; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0) {
            if (errno != EBADF)
                die("fcntl");
            if (fd < 256)
                say("fd.%d: closed\n", fd);
            continue;
        }
        char key[64], path[64];
        struct stat status;
        snprintf(key, sizeof key, "fd.%d", fd);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        say_link(key, path);
        if (fstat(fd, &status) == 0)
            say("%s.file: %u:%u %" PRIu64 " mode=%o\n", key, major(status.st_dev),
                minor(status.st_dev), (uint64_t)status.st_ino, status.st_mode);
        int access = fcntl(fd, F_GETFL), unread = 0;
        say("%s.flags: %o %s%s%s%s%s%s%s\n", key, (unsigned)access,
            (access & O_PATH) != 0             ? "path"
            : (access & O_ACCMODE) == O_RDONLY ? "read"
            : (access & O_ACCMODE) == O_WRONLY ? "write"
                                               : "read-write",
            (access & O_NONBLOCK) != 0 ? " nonblock" : "",
            (access & O_APPEND) != 0 ? " append" : "",
            (access & O_DIRECTORY) != 0 ? " directory" : "",
            (access & O_ASYNC) != 0 ? " async" : "", (access & O_DIRECT) != 0 ? " direct" : "",
            (flags & FD_CLOEXEC) != 0 ? " cloexec" : "");
        off_t offset = lseek(fd, 0, SEEK_CUR);
        if (offset >= 0)
            say("%s.offset: %jd\n", key, (intmax_t)offset);
        if (!S_ISREG(status.st_mode) && ioctl(fd, FIONREAD, &unread) == 0)
            say("%s.unread: %d\n", key, unread);
        errno = 0;
        int owner = fcntl(fd, F_GETOWN);
        if (owner != 0)
            say("%s.owner: %d\n", key, owner);
    }
}

/* Our POSIX locks: lost if anything closed another descriptor of the file. */
static void report_locks(void) {
    static char content[65536];
    if (slurp("/proc/locks", content, sizeof content) < 0) {
        say_error("locks");
        return;
    }
    for (char *rest = content, *line; (line = strsep(&rest, "\n")) != NULL;) {
        int pid;
        char kind[32], advice[32], access[32], where[64], start[32], end[32];
        if (sscanf(line, "%*s %31s %31s %31s %d %63s %31s %31s", kind, advice, access, &pid, where,
                   start, end) == 7 &&
            pid == getpid())
            say("lock: %s %s %s %s %s %s\n", kind, advice, access, where, start, end);
    }
}

static void report_arguments(int argc, char **argv) {
    say("arguments: %d\n", argc);
    for (int i = 0; i < argc; i++) {
        say("argument.%d: ", i);
        say_quoted(argv[i]);
    }
    int count = 0;
    while (environ[count] != NULL)
        count++;
    say("environment: %d\n", count);
    for (int i = 0; i < count; i++) {
        say("environment.%d: ", i);
        say_quoted(environ[i]);
    }
    static const struct {
        const char *name;
        unsigned long key;
    } vector[] = {{"uid", AT_UID},     {"euid", AT_EUID},     {"gid", AT_GID},
                  {"egid", AT_EGID},   {"secure", AT_SECURE}, {"pagesz", AT_PAGESZ},
                  {"flags", AT_FLAGS}, {"clktck", AT_CLKTCK}};
    for (size_t i = 0; i < sizeof vector / sizeof *vector; i++)
        say("auxv.%s: %lu\n", vector[i].name, getauxval(vector[i].key));
    const char *name = (const char *)getauxval(AT_EXECFN);
    say("auxv.execfn: ");
    say_quoted(name == NULL ? "" : name);
    char comm[17] = {0};
    prctl(PR_GET_NAME, comm);
    say("name: ");
    say_quoted(comm);
    say_link("program", "/proc/self/exe");
}

static void report_places(void) {
    mode_t mask = umask(0);
    umask(mask);
    say("umask: %03o\n", (unsigned)mask);
    char path[4096];
    struct stat status;
    if (getcwd(path, sizeof path) == NULL)
        say_error("directory");
    else {
        say("directory: ");
        say_quoted(path);
    }
    say_link("directory.link", "/proc/self/cwd");
    if (stat(".", &status) == 0)
        say("directory.file: %u:%u %" PRIu64 " links=%ju\n", major(status.st_dev),
            minor(status.st_dev), (uint64_t)status.st_ino, (uintmax_t)status.st_nlink);
    else
        say_error("directory.file");
    if (stat("/", &status) == 0)
        say("root.file: %u:%u %" PRIu64 "\n", major(status.st_dev), minor(status.st_dev),
            (uint64_t)status.st_ino);
    static const char *const spaces[] = {"cgroup",           "ipc",  "mnt",  "net", "pid",
                                         "pid_for_children", "time", "user", "uts"};
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char key[64], link[64];
        snprintf(key, sizeof key, "namespace.%s", spaces[i]);
        snprintf(link, sizeof link, "/proc/self/ns/%s", spaces[i]);
        say_link(key, link);
    }
    say_file("cgroup", "/proc/self/cgroup");
}

struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

static void report_scheduling(void) {
    errno = 0;
    say_number("nice", getpriority(PRIO_PROCESS, 0));
    struct scheduling attributes = {0};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0)
        say_error("scheduler");
    else
        say("scheduler: policy=%u flags=%" PRIx64 " nice=%d priority=%u util=%u-%u\n",
            attributes.policy, attributes.flags, attributes.nice, attributes.priority,
            attributes.util_min, attributes.util_max);
    unsigned char cpus[1024] = {0};
    long count = syscall(SYS_sched_getaffinity, 0, sizeof cpus, cpus);
    say("affinity: ");
    for (long i = 0; i < count; i++)
        say("%02x", cpus[i]);
    put("\n", 1);
    errno = 0;
    say_number("io-priority", syscall(SYS_ioprio_get, 1, 0));
    say_file("oom_score_adj", "/proc/self/oom_score_adj");
    say_file("coredump_filter", "/proc/self/coredump_filter");
    say_file("loginuid", "/proc/self/loginuid");
    say_file("sessionid", "/proc/self/sessionid");
    static const char *const names[] = {"real", "virtual", "prof"};
    for (int which = 0; which < 3; which++) {
        struct itimerval timer;
        if (getitimer((__itimer_which_t)which, &timer) != 0)
            die("getitimer");
        say("timer.%s: %s interval=%jd.%06jd\n", names[which],
            timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0 ? "armed" : "off",
            (intmax_t)timer.it_interval.tv_sec, (intmax_t)timer.it_interval.tv_usec);
    }
}

static void report_rights(void) {
    static const char *const fields[] = {"Uid",
                                         "Gid",
                                         "Groups",
                                         "CapInh",
                                         "CapPrm",
                                         "CapEff",
                                         "CapBnd",
                                         "CapAmb",
                                         "NoNewPrivs",
                                         "Seccomp",
                                         "Seccomp_filters",
                                         "Speculation_Store_Bypass",
                                         "SpeculationIndirectBranch",
                                         "Mems_allowed_list",
                                         "VmLck",
                                         "VmPin",
                                         "Threads",
                                         "TracerPid",
                                         "THP_enabled"};
    char status[16384];
    if (slurp("/proc/self/status", status, sizeof status) < 0) {
        say_error("status");
        return;
    }
    for (char *rest = status, *line; (line = strsep(&rest, "\n")) != NULL;)
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            size_t count = strlen(fields[i]);
            if (strncmp(line, fields[i], count) == 0 && line[count] == ':') {
                say("%s: ", fields[i]);
                const char *value = line + count + 1;
                say_quoted(value + strspn(value, " \t"));
            }
        }
    static const struct {
        const char *name;
        int option;
    } simple[] = {{"securebits", PR_GET_SECUREBITS},     {"keepcaps", PR_GET_KEEPCAPS},
                  {"timer-slack", PR_GET_TIMERSLACK},    {"dumpable", PR_GET_DUMPABLE},
                  {"no-huge-pages", PR_GET_THP_DISABLE}, {"mce-kill", PR_MCE_KILL_GET}};
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        errno = 0;
        say_number(simple[i].name, prctl(simple[i].option, 0, 0, 0, 0));
    }
    int value = 0;
    if (prctl(PR_GET_PDEATHSIG, &value) == 0)
        say("parent-death-signal: %d\n", value);
    if (prctl(PR_GET_CHILD_SUBREAPER, &value) == 0)
        say("subreaper: %d\n", value);
    say("personality: %08x\n", (unsigned)personality(0xffffffff));
    errno = 0;
    say_number("session-keyring", syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3, 0));
}

static void report_children(void) {
    char path[64], children[4096];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    if (slurp(path, children, sizeof children) >= 0) {
        int count = 0;
        for (const char *at = children; *at != 0; at++)
            count += *at == ' ';
        say("children: %d\n", count);
    }
    for (;;) {
        int status;
        pid_t child = waitpid(-1, &status, WNOHANG);
        if (child > 0 && WIFEXITED(status))
            say("wait: exited %d\n", WEXITSTATUS(status));
        else if (child > 0)
            say("wait: signal %d\n", WTERMSIG(status));
        else {
            say("wait: %s\n", child == 0 ? "still running" : strerrorname_np(errno));
            return;
        }
    }
}

/* What the process has used so far: not inherited state, but visible all the same. */
static void report_usage(void) {
    struct rusage self, children;
    if (getrusage(RUSAGE_SELF, &self) != 0 || getrusage(RUSAGE_CHILDREN, &children) != 0)
        die("getrusage");
    say("usage.memory: %s\n", self.ru_maxrss < 16384 ? "below 16 MiB" : "above 16 MiB");
    say("usage.children: %s\n", children.ru_minflt == 0 ? "none" : "some");
}

int main(int argc, char **argv) {
    report_children();
    report_identity();
    report_signals();
    report_descriptors();
    report_terminals();
    report_limits();
    report_locks();
    report_arguments(argc, argv);
    report_places();
    report_scheduling();
    report_rights();
    report_usage();
    report_pending();
    if (argc < 2)
        return 121;
    /* The report may be longer than a file may get under the limits that it reports. */
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    int out = 1;
    if (strcmp(argv[1], "-") != 0)
        out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out < 0)
        die(argv[1]);
    for (size_t done = 0; done < length;) {
        ssize_t count = write(out, text + done, length - done);
        if (count < 0)
            die("write");
        done += (size_t)count;
    }
    return 0;
}
