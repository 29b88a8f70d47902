/* launch STEP... -- PROGRAM ARGUMENT... - makes a state for others to inherit, then becomes
 * PROGRAM. The steps, in the order given (environment steps build a list; without any the own one
 * stays):
 *
 *   record FILE             at the very end: writes own pid, ppid, pgrp, sid, working directory to
 * FILE fork                    goes on in a child; the parent waits for it and ends as it ends
 *   session | group         setsid(2) | setpgid(0, 0)
 *   ignore N | block N | block-all | raise N | queue N VALUE        signals
 *   limit NUMBER SOFT HARD  ("inf", "-": leave as it is)
 *   close N | open N PATH FLAGS | seek N OFFSET | write N TEXT | lock N | socket N   descriptors
 *   no-env | env TEXT | env-pid NAME | env-many COUNT SIZE          environment (\xHH is
 * understood) cd PATH | cd-deleted PATH | umask OCTAL nice N | slack N | oom N | affinity HEX |
 * batch | io N | timer WHICH SECONDS cap-bound N | caps EFFECTIVE PERMITTED INHERITABLE | ambient N
 * | securebits N | keep-caps user UID GID | groups GID | no-new-privs | personality HEX | death N |
 * subreaper | no-huge-pages filter                  a seccomp filter that allows everything zombie
 * STATUS | child   a child that has ended, not waited for | one that lives as long as we do
 *
 * \xHH in PROGRAM and ARGUMENTs stands for that byte. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char **words;
static const char *record;
static char **list;
static size_t listed;

/* Standard error may be closed by a step: this copy is not. */
static int complaints;

static void die(const char *what) {
    dprintf(complaints, "launch: %s: %s\n", what, strerror(errno));
    _exit(119);
}

static void check(long result, const char *what) {
    if (result < 0)
        die(what);
}

static char *next(void) {
    if (*words == NULL) {
        errno = EINVAL;
        die("a word is missing");
    }
    return *words++;
}

static long number(int base) {
    const char *word = next();
    char *end;
    errno = 0;
    long value = strtol(word, &end, base);
    if (errno != 0 || *end != 0) {
        errno = EINVAL;
        die(word);
    }
    return value;
}

static char *unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from != 0;) {
        unsigned byte;
        if (from[0] == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            from += 4;
        } else
            *to++ = *from++;
    }
    *to = 0;
    return text;
}

static void list_add(char *text) {
    list = realloc(list, (listed + 2) * sizeof *list);
    if (list == NULL)
        die("realloc");
    if (text != NULL)
        list[listed++] = text;
    list[listed] = NULL;
}

static void put_limit(void) {
    int which = (int)number(10);
    struct rlimit limit;
    check(getrlimit((__rlimit_resource_t)which, &limit), "getrlimit");
    for (int i = 0; i < 2; i++) {
        const char *word = next();
        rlim_t *value = i == 0 ? &limit.rlim_cur : &limit.rlim_max;
        if (strcmp(word, "inf") == 0)
            *value = RLIM_INFINITY;
        else if (strcmp(word, "-") != 0)
            *value = strtoull(word, NULL, 10);
    }
    check(setrlimit((__rlimit_resource_t)which, &limit), "setrlimit");
}

/* FLAGS: letters out of r(ead) w(rite) a(ppend) n(onblock) c(lose on exec) p(ath) d(irectory). */
static void put_descriptor(void) {
    int to = (int)number(10);
    const char *path = next();
    const char *letters = next();
    int flags = O_NOCTTY;
    int read = strchr(letters, 'r') != NULL, write = strchr(letters, 'w') != NULL;
    flags |= read && write ? O_RDWR : write ? O_WRONLY : O_RDONLY;
    flags |= strchr(letters, 'a') ? O_APPEND : 0;
    flags |= strchr(letters, 'n') ? O_NONBLOCK : 0;
    flags |= strchr(letters, 'p') ? O_PATH : 0;
    flags |= strchr(letters, 'd') ? O_DIRECTORY : 0;
    int from = open(path, flags);
    check(from, path);
    if (from != to) {
        check(dup2(from, to), "dup2");
        close(from);
    }
    if (strchr(letters, 'c'))
        check(fcntl(to, F_SETFD, FD_CLOEXEC), "F_SETFD");
}

/* A listening socket without a name in any directory. */
static void put_socket(void) {
    int to = (int)number(10);
    int from = socket(AF_UNIX, SOCK_STREAM, 0);
    check(from, "socket");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    check(bind(from, (struct sockaddr *)&address, sizeof(sa_family_t)), "bind");
    check(listen(from, 8), "listen");
    if (from != to) {
        check(dup2(from, to), "dup2");
        close(from);
    }
}

static void put_many(void) {
    long count = number(10), size = number(10);
    for (long i = 0; i < count; i++) {
        char *text = malloc((size_t)size + 32);
        if (text == NULL)
            die("malloc");
        int used = sprintf(text, "MANY_%ld=", i);
        memset(text + used, 'a' + (int)(i % 26), (size_t)size);
        text[used + size] = 0;
        list_add(text);
    }
}

static void put_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    uint64_t sets[3];
    for (int i = 0; i < 3; i++)
        sets[i] = strtoull(next(), NULL, 16);
    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(sets[0] >> (32 * i));
        data[i].permitted = (uint32_t)(sets[1] >> (32 * i));
        data[i].inheritable = (uint32_t)(sets[2] >> (32 * i));
    }
    check(syscall(SYS_capset, &header, data), "capset");
}

static void put_filter(void) {
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = 1, .filter = &allow};
    check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void put_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    check(fd, path);
    check(write(fd, text, strlen(text)), path);
    close(fd);
}

/* Waits for the child and ends as it ended. */
static void wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        kill(getpid(), WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

static void step(const char *name) {
    char text[64];
    if (strcmp(name, "record") == 0)
        record = next();
    else if (strcmp(name, "fork") == 0) {
        pid_t child = fork();
        check(child, "fork");
        if (child > 0)
            wait_for(child);
    } else if (strcmp(name, "session") == 0)
        check(setsid(), "setsid");
    else if (strcmp(name, "group") == 0)
        check(setpgid(0, 0), "setpgid");
    else if (strcmp(name, "ignore") == 0) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        check(sigaction((int)number(10), &ignore, NULL), "sigaction");
    } else if (strcmp(name, "block") == 0) {
        uint64_t set = (uint64_t)1 << (number(10) - 1);
        check(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof set), "rt_sigprocmask");
    } else if (strcmp(name, "block-all") == 0) {
        uint64_t set = ~(uint64_t)0;
        check(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof set), "rt_sigprocmask");
    } else if (strcmp(name, "raise") == 0)
        check(kill(getpid(), (int)number(10)), "kill");
    else if (strcmp(name, "queue") == 0) {
        int signal = (int)number(10);
        union sigval value = {.sival_int = (int)number(10)};
        check(sigqueue(getpid(), signal, value), "sigqueue");
    } else if (strcmp(name, "limit") == 0)
        put_limit();
    else if (strcmp(name, "close") == 0)
        close((int)number(10));
    else if (strcmp(name, "open") == 0)
        put_descriptor();
    else if (strcmp(name, "seek") == 0) {
        int fd = (int)number(10);
        check(lseek(fd, number(10), SEEK_SET), "lseek");
    } else if (strcmp(name, "write") == 0) {
        int fd = (int)number(10);
        const char *what = next();
        check(write(fd, what, strlen(what)), "write");
    } else if (strcmp(name, "lock") == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 4};
        check(fcntl((int)number(10), F_SETLK, &lock), "F_SETLK");
    } else if (strcmp(name, "socket") == 0)
        put_socket();
    else if (strcmp(name, "no-env") == 0)
        list_add(NULL);
    else if (strcmp(name, "env") == 0)
        list_add(unescape(next()));
    else if (strcmp(name, "env-pid") == 0) {
        char *entry;
        check(asprintf(&entry, "%s=%d", next(), getpid()), "asprintf");
        list_add(entry);
    } else if (strcmp(name, "env-many") == 0)
        put_many();
    else if (strcmp(name, "cd") == 0) {
        const char *path = next();
        check(chdir(path), path);
    } else if (strcmp(name, "cd-deleted") == 0) {
        const char *path = next();
        check(mkdir(path, 0777), path);
        check(chdir(path), path);
        check(rmdir(path), path);
    } else if (strcmp(name, "umask") == 0)
        umask((mode_t)number(8));
    else if (strcmp(name, "nice") == 0)
        check(setpriority(PRIO_PROCESS, 0, (int)number(10)), "setpriority");
    else if (strcmp(name, "slack") == 0)
        check(prctl(PR_SET_TIMERSLACK, number(10), 0, 0, 0), "PR_SET_TIMERSLACK");
    else if (strcmp(name, "oom") == 0) {
        snprintf(text, sizeof text, "%ld", number(10));
        put_file("/proc/self/oom_score_adj", text);
    } else if (strcmp(name, "affinity") == 0) {
        unsigned long cpus = (unsigned long)number(16);
        check(syscall(SYS_sched_setaffinity, 0, sizeof cpus, &cpus), "sched_setaffinity");
    } else if (strcmp(name, "batch") == 0) {
        struct sched_param none = {0};
        check(sched_setscheduler(0, SCHED_BATCH, &none), "sched_setscheduler");
    } else if (strcmp(name, "io") == 0)
        check(syscall(SYS_ioprio_set, 1, 0, number(10)), "ioprio_set");
    else if (strcmp(name, "timer") == 0) {
        int which = (int)number(10);
        struct itimerval timer = {.it_value.tv_sec = number(10), .it_interval.tv_sec = 77};
        check(setitimer((__itimer_which_t)which, &timer, NULL), "setitimer");
    } else if (strcmp(name, "cap-bound") == 0)
        check(prctl(PR_CAPBSET_DROP, number(10), 0, 0, 0), "PR_CAPBSET_DROP");
    else if (strcmp(name, "caps") == 0)
        put_capabilities();
    else if (strcmp(name, "ambient") == 0)
        check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number(10), 0, 0), "PR_CAP_AMBIENT");
    else if (strcmp(name, "securebits") == 0)
        check(prctl(PR_SET_SECUREBITS, number(10), 0, 0, 0), "PR_SET_SECUREBITS");
    else if (strcmp(name, "keep-caps") == 0)
        check(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "PR_SET_KEEPCAPS");
    else if (strcmp(name, "user") == 0) {
        uid_t uid = (uid_t)number(10);
        gid_t gid = (gid_t)number(10);
        check(setresgid(gid, gid, gid), "setresgid");
        check(setresuid(uid, uid, uid), "setresuid");
    } else if (strcmp(name, "groups") == 0) {
        gid_t group = (gid_t)number(10);
        check(setgroups(1, &group), "setgroups");
    } else if (strcmp(name, "no-new-privs") == 0)
        check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    else if (strcmp(name, "personality") == 0)
        check(personality((unsigned long)number(16)), "personality");
    else if (strcmp(name, "death") == 0)
        check(prctl(PR_SET_PDEATHSIG, number(10), 0, 0, 0), "PR_SET_PDEATHSIG");
    else if (strcmp(name, "subreaper") == 0)
        check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "PR_SET_CHILD_SUBREAPER");
    else if (strcmp(name, "no-huge-pages") == 0)
        check(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "PR_SET_THP_DISABLE");
    else if (strcmp(name, "filter") == 0)
        put_filter();
    else if (strcmp(name, "zombie") == 0) {
        int status = (int)number(10);
        pid_t child = fork();
        check(child, "fork");
        if (child == 0)
            _exit(status);
        siginfo_t info;
        check(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), "waitid");
    } else if (strcmp(name, "child") == 0) {
        pid_t parent = getpid(), child = fork();
        check(child, "fork");
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            while (getppid() == parent)
                pause();
            _exit(0);
        }
    } else {
        errno = EINVAL;
        die(name);
    }
}

static void write_record(void) {
    int fd = open(record, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    check(fd, record);
    dprintf(fd, "pid: %d\nppid: %d\npgrp: %d\nsid: %d\n", getpid(), getppid(), getpgrp(),
            getsid(0));
    struct stat status;
    if (stat(".", &status) == 0)
        dprintf(fd, "directory.file: %u:%u %ju links=%ju\n", major(status.st_dev),
                minor(status.st_dev), (uintmax_t)status.st_ino, (uintmax_t)status.st_nlink);
    else
        dprintf(fd, "directory.file: %s\n", strerrorname_np(errno));
    close(fd);
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 119;
    complaints = fcntl(2, F_DUPFD_CLOEXEC, 1000);
    words = argv + 1;
    while (*words != NULL && strcmp(*words, "--") != 0)
        step(next());
    if (*words == NULL || words[1] == NULL) {
        errno = EINVAL;
        die("no program");
    }
    words++;
    for (char **word = words; *word != NULL; word++)
        unescape(*word);
    if (record != NULL)
        write_record();
    if (list == NULL)
        list = environ;
    execve(words[0], words, list);
    die(words[0]);
}
