/* opens VERB DIRECTORY - opens files until the program's opens are no longer stopped, then does
 * what the verb says. What is printed is to be the same natively. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM 300
#define ROUNDS 1000
#define PAGE 4096

static char path[PAGE]; /* of a file in the directory */
static int directory;

/* Once by each place in the C library. Both results must be the same. */
static int try_open(int at, const char *name, int flags) {
    int one = openat(at, name, flags, 0640), error = errno;
    int other = at == AT_FDCWD ? open(name, flags, 0640) : openat(at, name, flags, 0640);
    if ((one < 0) != (other < 0) || (one < 0 && error != errno))
        printf("differs: %d %d, %d %d\n", one, error, other, errno);
    if (other >= 0)
        close(other);
    if (one >= 0)
        close(one);
    return one < 0 ? -error : 0;
}

static int ask(int rounds) {
    int wrong = 0;
    for (int i = 0; i < rounds; i++)
        wrong += try_open(AT_FDCWD, path, O_RDONLY) != 0;
    return wrong;
}

static void tell_at(const char *name, int at, const char *file, int flags) {
    const int first = try_open(at, file, flags);
    for (int i = 0; i < 10; i++)
        if (try_open(at, file, flags) != first)
            printf("%s: not always the same\n", name);
    printf("%s: %d\n", name, first);
}

static void tell(const char *name, const char *file, int flags) {
    tell_at(name, AT_FDCWD, file, flags);
}

/* ---- edges ---- */

static void tell_paths(void) {
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char longest[2 * PAGE];
    munmap(pages + PAGE, PAGE);
    tell("null", NULL, O_RDONLY);
    tell("nowhere", (char *)1, O_RDONLY);
    tell("in the kernel", (char *)0xffffffff80000000UL, O_RDONLY);
    tell("no address", (char *)0x800000000000UL, O_RDONLY);
    tell("in a hole", pages + PAGE + 8, O_RDONLY);
    for (unsigned length = 1; length < 40; length++) {
        char *end = pages + PAGE - length;
        memset(end, '/', length);
        tell("runs into a hole", end, O_RDONLY);
        pages[PAGE - 1] = '\0';
        tell("ends at a hole", end, O_RDONLY);
    }
    mprotect(pages, PAGE, PROT_NONE);
    tell("may not be read", pages, O_RDONLY);
    mprotect(pages, PAGE, PROT_READ | PROT_WRITE);
    mmap(pages + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
         0);
    for (unsigned before = 1; before <= strlen(path) + 1; before++) {
        strcpy(pages + PAGE - before, path);
        tell("crosses pages", pages + PAGE - before, O_RDONLY);
    }
    for (const char *const *name =
             (const char *const[]){"", ".", "..", "/", "a", "ab", "abc", "abcd", "./", "//",
                                   "file/", "dir/", "dir/.", "dir//file", "link", "loop", "counts",
                                   "\xff\xfe", NULL};
         *name; name++) {
        printf("%s ", *name);
        tell_at("relative", directory, *name, O_RDONLY);
        tell_at("relative, no link", directory, *name, O_RDONLY | O_NOFOLLOW);
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    tell("too long", longest, O_RDONLY);
    longest[PAGE - 1] = '\0';
    tell("too long a name", longest, O_RDONLY);
}

/* setitimer(2) has timers of these numbers. */
static void tell_directories(void) {
    struct itimerval timer;
    for (int at = -2; at < 8; at++) {
        char name[32];
        snprintf(name, sizeof name, "at %d", at);
        tell_at(name, at, "file", O_RDONLY);
        tell_at(name, at, path, O_RDONLY);
    }
    for (int which = 0; which < 3; which++)
        if (getitimer(which, &timer) != 0 || timer.it_value.tv_sec || timer.it_value.tv_usec)
            puts("a timer runs");
}

static void tell_flags(void) {
    static const int flags[] = {
        O_WRONLY,  O_RDWR,      O_ACCMODE, O_PATH,    O_DIRECTORY,        O_APPEND,  O_NONBLOCK,
        O_CLOEXEC, O_NOATIME,   O_SYNC,    O_DIRECT,  O_TMPFILE | O_RDWR, O_TMPFILE, O_TRUNC,
        O_ASYNC,   O_LARGEFILE, INT32_MIN, INT32_MAX, O_CREAT | O_EXCL,   O_CREAT,   O_NOCTTY,
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        printf("%x ", (unsigned)flags[i]);
        tell("flags", path, flags[i]);
        tell_at("flags, directory", directory, "dir", flags[i]);
    }
}

static void tell_modes(void) {
    for (mode_t mode = 0; mode < 010000; mode = mode * 2 + 1) {
        struct stat info = {.st_mode = 0};
        umask(0);
        int fd = openat(directory, "made", O_RDONLY | O_CREAT | O_EXCL, mode);
        fstat(fd, &info);
        printf("mode %o: %o\n", mode, info.st_mode);
        close(fd);
        unlinkat(directory, "made", 0);
    }
}

static int edges(void) {
    tell_paths();
    tell_directories();
    tell_flags();
    tell_modes();
    errno = 7;
    const int fd = open(path, O_RDONLY);
    printf("errno stays %d, the lowest number %s\n", errno,
           fd == dup(0) - 1 ? "is taken" : "is not");
    return 0;
}

/* ---- the same memory, another path ---- */

static int is_told(int fd) {
    char text[65536];
    size_t length = 0;
    for (ssize_t got; (got = read(fd, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    text[length] = '\0';
    close(fd);
    const char *right = strstr(text, " - ") ? " - 9p " : " 9p rw";
    const char *wrong = strstr(text, " - ") ? " - tmpfs " : " tmpfs rw";
    return strstr(text, right) != NULL && strstr(text, wrong) == NULL;
}

/* No table may slip through. */
static int table(void) {
    static const char *const tables[] = {"/proc/self/mounts",         "/proc/mounts",
                                         "/proc/thread-self/mounts",  "/proc/self/mounts",
                                         "/proc/self/task/../mounts", "/proc/self/mountinfo"};
    char *buffer = malloc(PAGE);
    int wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        strcpy(buffer, path);
        wrong += try_open(AT_FDCWD, buffer, O_RDONLY) != 0;
        strcpy(buffer, tables[i % 6]);
        int fd = i & 1 ? open(buffer, O_RDONLY) : openat(directory, buffer, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || !is_told(fd))
            printf("the truth, round %d\n", ++wrong);
    }
    free(buffer);
    return wrong;
}

#include "own_places.h"

/* ---- signals ---- */

static volatile sig_atomic_t alarms;

static void on_alarm(int number) {
    (void)number;
    alarms += try_open(AT_FDCWD, path, O_RDONLY) == 0;
}

static void every(suseconds_t microseconds) {
    const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* A handler that opens, too, beside the timer of the program; no open may end with EINTR, whether
 * the handler restarts calls or not. */
static int signals(void) {
    int wrong = 0;
    for (int restart = 0; restart < 2; restart++) {
        const struct sigaction action = {.sa_handler = on_alarm,
                                         .sa_flags = restart ? SA_RESTART : 0};
        sigaction(SIGALRM, &action, NULL);
        alarms = 0;
        every(500);
        while (alarms < 50)
            wrong += ask(10);
        every(0);
    }
    return wrong;
}

static void on_user(int number) {
    (void)number;
    alarms++;
}

/* An open that waits: with SA_RESTART it goes on waiting, without it ends. */
static int fifo(void) {
    char name[2 * PAGE];
    int wrong = 0;
    snprintf(name, sizeof name, "%s.fifo", path);
    mkfifo(name, 0600);
    wrong += try_open(AT_FDCWD, name, O_RDONLY | O_NONBLOCK) != 0;
    for (int restart = 0; restart < 2; restart++) {
        const struct sigaction action = {.sa_handler = on_user,
                                         .sa_flags = restart ? SA_RESTART : 0};
        sigaction(SIGUSR1, &action, NULL);
        alarms = 0;
        const pid_t parent = getpid(), child = fork();
        if (child == 0) {
            for (int i = 0; i < (restart ? 20 : 1000); i++) {
                kill(parent, SIGUSR1);
                usleep(1000);
            }
            _exit(open(name, O_WRONLY) < 0);
        }
        errno = 0;
        const int fd = open(name, O_RDONLY);
        printf("fifo: %s, %d\n", fd >= 0 ? "opened" : "not opened", errno);
        if (fd >= 0)
            close(fd);
        else
            kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    unlink(name);
    return wrong;
}

/* ---- others that run the same code ---- */

static int status_of(pid_t child) {
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static int children(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(ask(ROUNDS) != 0);
    int wrong = status_of(child);
    child = vfork();
    if (child == 0)
        _exit(ask(ROUNDS) != 0);
    return wrong + status_of(child) + ask(ROUNDS);
}

static void *waits(void *argument);

/* posix_spawn(3) sets signals 32 and 33 to be ignored, in a child that has this memory. */
static int spawns(void) {
    char *words[] = {"true", NULL}, *variables[] = {NULL};
    int wrong = ask(ROUNDS);
    for (int i = 0; i < 10; i++) {
        pid_t child;
        wrong += posix_spawn(&child, "/bin/true", NULL, NULL, words, variables) != 0;
        wrong += status_of(child);
    }
    return wrong + ask(ROUNDS);
}

/* Another process has this memory: its first thread has ended. */
static int runs_on(void *argument) {
    return waits(argument) == argument;
}

static int ends_first(void *argument) {
    static char stack[65536];
    clone(runs_on, stack + sizeof stack,
          CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, argument);
    syscall(SYS_exit, 0);
    return 0;
}

static int beside_ended(void) {
    static char stack[65536];
    const pid_t other = clone(ends_first, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    siginfo_t info;
    char state = 0;
    while (state != 'Z') {
        char name[32], line[256] = "";
        snprintf(name, sizeof name, "/proc/%d/stat", other);
        FILE *file = fopen(name, "re");
        if (file && fgets(line, sizeof line, file) && strrchr(line, ')'))
            state = strrchr(line, ')')[2];
        if (file)
            fclose(file);
    }
    const int wrong = ask(ROUNDS);
    kill(other, SIGKILL);
    waitid(P_PID, (id_t)other, &info, WEXITED);
    return wrong;
}

/* A filter that kills who maps memory with code: after so many opens. */
static int forbids_code(int opens) {
    struct sock_filter all[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16 + 2 * 8),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof all / sizeof *all, all};
    for (int i = 0; i < opens; i++)
        close(open(path, O_RDONLY));
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 1;
    for (int i = 0; i < 10; i++)
        if (try_open(AT_FDCWD, path, O_RDONLY) != 0)
            return 1;
    return 0;
}

static int forbids(void) {
    int wrong = 0;
    for (int opens = 0; opens < 6; opens++) {
        pid_t child = fork();
        if (child == 0)
            _exit(forbids_code(opens));
        wrong += status_of(child) != 0;
    }
    return wrong;
}

static void *in_thread(void *argument) {
    return ask(ROUNDS) == 0 ? argument : NULL;
}

static void *waits(void *argument) {
    for (;;)
        close(open(path, O_RDONLY));
    return argument;
}

/* And one that is cancelled where it opens. */
static int threads(void) {
    pthread_t made[4], cancelled;
    void *result;
    int wrong = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&made[i], NULL, in_thread, made);
    pthread_create(&cancelled, NULL, waits, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(made[i], &result);
        wrong += result != made;
    }
    pthread_cancel(cancelled);
    pthread_join(cancelled, &result);
    return wrong + (result != PTHREAD_CANCELED) + ask(ROUNDS);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
        bool cold; /* nothing is opened before */
    } verbs[] = {
        {"beside-ended", beside_ended, true},
        {"forbids", forbids, true},
        {"edges", edges, false},
        {"table", table, false},
        {"registers", registers, false},
        {"signals", signals, false},
        {"looks-alike", looks_alike, false},
        {"spawns", spawns, false},
        {"fifo", fifo, false},
        {"children", children, false},
        {"threads", threads, false},
    };
    if (argc != 3)
        return 2;
    directory = open(argv[2], O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "%s/file", argv[2]);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        int wrong = verbs[i].cold ? 0 : ask(WARM);
        wrong += verbs[i].run();
        printf("%s\n", wrong == 0 ? "right" : "wrong");
        return wrong != 0;
    }
    return 2;
}
