/* work.c - the program below the supervisor whose calls fail: opens, asks and changes what rules name
 * and what they do not, by itself and by others. It prints a line for each thing, `what: how it went`;
 * faults.ts knows what each may be. Rule: it does the same in each run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BIG 70000

static const char *who = ""; /* before each line */

static void say(const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int begin = snprintf(line, sizeof line, "%s", who);
    int length = vsnprintf(line + begin, sizeof line - (size_t)begin - 1, format, arguments) + begin;
    va_end(arguments);
    line[length++] = '\n';
    if (write(1, line, (size_t)length) != length)
        _exit(99);
}

/* "ok", or the error's name. */
static const char *how(long result) {
    return result >= 0 ? "ok" : strerrorname_np(errno);
}

/* The lowest number that is free. */
static int next_number(void) {
    int fd = dup(0);
    close(fd);
    return fd;
}

/* ---- files ---- */

/* What is read there, with its newline as a blank; of long ones the end and how long they are. */
static void tell_text(const char *what, int fd) {
    static char text[2 * BIG];
    struct stat info;
    ssize_t length = 0, got;
    while ((got = read(fd, text + length, sizeof text - 1 - (size_t)length)) > 0)
        length += got;
    text[length > 0 ? length : 0] = '\0';
    for (char *at = text; *at; at++)
        if (*at == '\n')
            *at = ' ';
    const char *shown = length > 40 ? text + length - 10 : text;
    const bool same_size = fstat(fd, &info) == 0 && info.st_size == length;
    say("%s: [%s] %zd%s%s%s", what, shown, length, got < 0 ? " " : "",
        got < 0 ? strerrorname_np(errno) : "", same_size ? "" : " size differs");
}

static int opened(const char *what, const char *path, int flags) {
    const int free_number = next_number();
    int fd = open(path, flags, 0644);
    if (fd < 0)
        say("%s: %s", what, how(fd));
    else if (fd != free_number)
        say("%s: number %d, not %d", what, fd, free_number);
    return fd;
}

static void read_file(const char *what, const char *path, int flags) {
    int fd = opened(what, path, O_RDONLY | flags);
    if (fd < 0)
        return;
    tell_text(what, fd);
    close(fd);
}

static void write_file(const char *what, const char *path, int flags, const char *text) {
    int fd = opened(what, path, O_WRONLY | flags);
    if (fd < 0)
        return;
    say("%s: %s", what, how(write(fd, text, strlen(text))));
    close(fd);
}

static void ask(const char *path) {
    struct stat info;
    struct statx more;
    char text[64];
    int result = stat(path, &info);
    say("stat %s: %s %ld %o", path, how(result), result ? 0 : (long)info.st_size,
        result ? 0 : info.st_mode);
    result = statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &more);
    say("statx %s: %s %ld %o", path, how(result), result ? 0 : (long)more.stx_size,
        result ? 0 : more.stx_mode);
    say("access %s: %s", path, how(access(path, R_OK)));
    say("readlink %s: %s", path, how(readlink(path, text, sizeof text)));
    say("getxattr %s: %s", path, how(getxattr(path, "user.none", text, sizeof text)));
}

/* ---- filesystems ---- */

static void tell_type(const char *what, int result, const struct statfs *info) {
    say("%s: %s %lx", what, how(result), result ? 0 : (unsigned long)info->f_type);
}

static void ask_filesystem(const char *path) {
    struct statfs info;
    char what[64];
    snprintf(what, sizeof what, "statfs %s", path);
    tell_type(what, statfs(path, &info), &info);
    int fd = open(path, O_RDONLY);
    snprintf(what, sizeof what, "fstatfs %s", path);
    if (fd >= 0)
        tell_type(what, fstatfs(fd, &info), &info);
    else
        say("%s: open %s", what, how(fd));
    close(fd);
}

/* The filesystem type in the table's line of this mount point. */
static void read_table(const char *path) {
    char line[1024], type[64] = "none";
    FILE *table = fopen(path, "re");
    while (table && fgets(line, sizeof line, table))
        if (strstr(line, " /dev/shm "))
            sscanf(strstr(line, " - ") ? strstr(line, " - ") + 3 : line, "%63s", type);
    say("table %s: %s", path, table ? type : how(-1));
    if (table)
        fclose(table);
}

static void ask_machine(void) {
    struct utsname name;
    struct sysinfo info;
    int result = uname(&name);
    say("uname: %s %s", how(result), result ? "" : name.release);
    result = sysinfo(&info);
    say("sysinfo: %s %lu", how(result), result ? 0 : info.totalram * info.mem_unit);
}

/* ---- others ---- */

static void wait_for(const char *what, pid_t pid) {
    int status = 0;
    pid_t ended;
    if (pid < 0) {
        say("%s: %s", what, how(pid));
        return;
    }
    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    say("%s: ended %x", what, ended == pid ? (unsigned)status : 0xdeadU);
}

static void read_version(void) {
    char word[16] = "";
    int fd = opened("version", "/proc/version", O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, word, 5);
    if (fd >= 0)
        say("version: %s", got < 0 ? how(got) : word);
    close(fd);
}

static void look(void) {
    read_file("content", "content", 0);
    read_file("plain", "plain", 0);
    ask_filesystem(".");
}

static void child(void) {
    pid_t pid = fork();
    if (pid == 0) {
        who = "child ";
        look();
        write_file("write kept", "kept", 0, "child");
        _exit(7);
    }
    wait_for("child", pid);
}

static void user(void) {
    pid_t pid = fork();
    if (pid == 0) {
        who = "user ";
        if (setgid(1000) != 0 || setuid(1000) != 0)
            _exit(98);
        look();
        read_file("secret", "secret", 0);
        write_file("write content", "content", 0, "user");
        write_file("write redirected", "redirected", 0, "user");
        read_file("rewritten", "rewritten", 0);
        ask("content");
        read_table("/proc/self/mountinfo");
        _exit(8);
    }
    wait_for("user", pid);
}

static void unshared(void) {
    pid_t pid = fork();
    if (pid == 0) {
        who = "unshared ";
        if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
            _exit(98);
        look();
        read_version();
        ask_machine();
        write_file("write kept", "kept", 0, "other");
        read_table("/proc/self/mountinfo");
        _exit(14);
    }
    wait_for("unshared", pid);
}

static void changed_root(void) {
    pid_t pid = fork();
    if (pid == 0) {
        who = "chroot ";
        if (chroot("root") != 0 || chdir("/") != 0)
            _exit(98);
        read_file("content", "content", 0);
        ask_filesystem("/");
        _exit(9);
    }
    wait_for("chroot", pid);
}

static void filtered(void) {
    pid_t pid = fork();
    if (pid == 0) {
        who = "filter ";
        struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        const struct sock_fprog program = {1, filter};
        say("install: %s", how(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
                               syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
                                   ? -1
                                   : 0));
        look();
        _exit(10);
    }
    wait_for("filter", pid);
}

static void untraced(void) {
    uint64_t arguments[8] = {0x00800000 /* CLONE_UNTRACED */, 0, 0, 0, SIGCHLD};
    pid_t pid = (pid_t)syscall(435 /* clone3 */, arguments, sizeof arguments);
    if (pid == 0) {
        who = "untraced ";
        look();
        _exit(11);
    }
    wait_for("untraced", pid);
}

static int told, real, other;

/* One more of these, if it is one. */
static void count(const char *path) {
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    int *kind = got < 0                             ? &other
                : strcmp(text, "told\n") == 0       ? &told
                : strcmp(text, "really\n") == 0 ? &real
                                                    : &other;
    __atomic_add_fetch(kind, 1, __ATOMIC_SEQ_CST);
    if (fd >= 0)
        close(fd);
}

static void *open_often(void *argument) {
    for (int i = 0; i < 5; i++)
        count("content");
    return argument;
}

static void threads(void) {
    pthread_t thread[3];
    told = real = other = 0;
    for (int i = 0; i < 3; i++)
        if (pthread_create(&thread[i], NULL, open_often, NULL) != 0)
            _exit(97);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    say("threads: %d opens, %d others", told + real + other, other);
}

/* What was found again and again is remembered, until somebody changes it. */
static void often(const char *path) {
    told = real = other = 0;
    for (int i = 0; i < 60; i++) {
        count(path);
        if (i == 40)
            say("touch: %s", how(chmod(".", 0755)));
    }
    say("often: %d opens, %d others", told + real + other, other);
}

/* ---- signals ---- */

static volatile sig_atomic_t caught;

static void on_signal(int number) {
    (void)number;
    caught++;
}

static void signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    const struct itimerval storm = {{0, 500}, {0, 500}}, calm = {{0, 0}, {0, 0}};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    kill(getpid(), SIGUSR1);
    say("signal: %d", (int)caught);
    told = real = other = 0;
    setitimer(ITIMER_REAL, &storm, NULL);
    for (int i = 0; i < 10; i++)
        count("content");
    setitimer(ITIMER_REAL, &calm, NULL);
    say("storm: %d opens, %d others", told + real + other, other);
    /* A signal that is ignored does not end a wait. */
    int queue = epoll_create1(0);
    struct epoll_event event;
    pid_t pid = fork();
    if (pid == 0) {
        usleep(2000);
        _exit(12);
    }
    int ready = epoll_wait(queue, &event, 1, 30);
    say("wait: %s %d", how(ready), ready);
    close(queue);
    wait_for("ignored", pid);
}

/* ---- descriptors ---- */

static int open_descriptors(void) {
    int number = 0;
    for (int fd = 0; fd < 1024; fd++)
        number += fcntl(fd, F_GETFD) >= 0;
    return number;
}

int main(int count_of_arguments, char **arguments) {
    if (count_of_arguments > 2) { /* as another program */
        who = "exec ";
        look();
        write_file("write kept", "kept", 0, "exec");
        return 13;
    }
    if (count_of_arguments < 2 || chdir(arguments[1]) != 0)
        return 96;
    const int before = open_descriptors();
    char path[256];
    ask_machine();
    read_file("plain", "plain", 0);
    write_file("write plain", "plain", O_TRUNC, "new plain\n");
    read_file("plain again", "plain", 0);
    say("truncate plain: %s", how(truncate("plain", 3)));
    ask("plain");
    write_file("create", "created", O_CREAT | O_EXCL, "created\n");
    read_file("no file", "nothing", 0);

    read_file("content", "content", 0);
    snprintf(path, sizeof path, "%s/content", arguments[1]);
    read_file("absolute", path, 0);
    read_file("by link", "link/content", 0);
    read_file("no follow", "content", O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    ask("content");
    write_file("write content", "content", 0, "written");
    write_file("write absolute", path, O_TRUNC, "written");
    write_file("write by link", "link/content", O_APPEND, "written");
    say("truncate content: %s", how(truncate("content", 2)));
    say("truncate absolute: %s", how(truncate(path, 2)));
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "content", &(uint64_t[]){O_WRONLY, 0, 0}, 24);
    say("openat2 content: %s", how(fd));
    if (fd >= 0)
        close(fd);
    ask_filesystem("content");

    write_file("write kept", "kept", 0, "one");
    read_file("kept", "kept", 0);
    write_file("write kept again", "kept", O_TRUNC, "two");
    read_file("kept again", "kept", 0);
    say("truncate kept: %s", how(truncate("kept", 1)));
    ask("kept");
    write_file("write discarded", "discarded", O_APPEND, "lost");
    read_file("discarded", "discarded", 0);
    write_file("write absent", "absent", O_CREAT | O_TRUNC, "here");
    read_file("absent", "absent", 0);
    ask("absent");
    read_file("large", "large", 0);
    read_file("large again", "large", 0);
    write_file("write large", "large", 0, "lost");

    read_file("redirected", "redirected", 0);
    write_file("write redirected", "redirected", O_APPEND, "more\n");
    read_file("redirected again", "redirected", 0);
    ask("redirected");
    say("truncate redirected: %s", how(truncate("redirected", 4)));
    write_file("create redirected", "redirected", O_CREAT | O_TRUNC, "made\n");
    read_file("private", "private", 0);
    read_file("in tree", "tree/leaf", 0);
    write_file("write in tree", "tree/leaf", 0, "leaf");
    write_file("create in tree", "tree/new", O_CREAT | O_EXCL, "new");
    ask("tree/leaf");
    read_file("rewritten", "rewritten", 0);
    read_file("rewritten again", "rewritten", 0);
    write_file("write rewritten", "rewritten", 0, "lost");
    ask("rewritten");
    read_file("generated", "memory.stat", 0);
    ask("memory.stat");

    ask_filesystem(".");
    ask_filesystem("/proc");
    ask_filesystem("/");
    read_table("/proc/self/mountinfo");
    read_table("/proc/mounts");
    struct stat info;
    say("stat table: %s", how(stat("/proc/self/mounts", &info)));

    read_version();
    read_file("excepted", "excepted", 0);
    write_file("write excepted", "excepted", 0, "X");
    often(path);
    threads();
    signals();
    child();
    user();
    filtered();
    untraced();
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "work", arguments[1], "again", (char *)NULL);
        _exit(95);
    }
    wait_for("exec", pid);
    unshared();
    changed_root();
    read_file("content at the end", "content", 0);
    say("descriptors: %d more", open_descriptors() - before);
    return 42;
}
