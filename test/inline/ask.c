/* ask VERB DIRECTORY, ask without-kcmp|without-timers COMMAND... - asks statfs and fstatfs about a
 * directory until the program answers by itself, then does what the verb says. What is printed is
 * to be the same natively, but for the type. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forbid.h"

#define WARM 300
#define ROUNDS 1000
#define TYPE_OF_PROC 0x9fa0
#define PAGE 4096

static const char *place;
static int held;
static long type; /* what the first answer was */

static int check(int result, const struct statfs *info, long wanted) {
    if (result == 0 && info->f_type == wanted)
        return 0;
    printf("wrong: result %d, error %d, type %lx\n", result, errno, (long)info->f_type);
    return 1;
}

/* How many answers differ from the first one. */
static int ask(int rounds) {
    int wrong = 0;
    for (int i = 0; i < rounds; i++) {
        struct statfs info = {0};
        wrong += check(statfs(place, &info), &info, type);
        memset(&info, 0, sizeof info);
        wrong += check(fstatfs(held, &info), &info, type);
    }
    return wrong;
}

static int status_of(pid_t child) {
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* ---- edges ---- */

static void tell(const char *name, const char *path, void *buffer) {
    char first[64] = "", text[64];
    for (int i = 0; i < 12; i++) {
        errno = 0;
        const int result = statfs(path, buffer);
        snprintf(text, sizeof text, "%d %d %s", result, errno,
                 result != 0                                         ? "-"
                 : ((struct statfs *)buffer)->f_type == type         ? "type"
                 : ((struct statfs *)buffer)->f_type == TYPE_OF_PROC ? "proc"
                                                                     : "other");
        if (i == 0)
            strcpy(first, text);
        else if (strcmp(first, text) != 0)
            printf("%s: round %d differs: %s, before %s\n", name, i, text, first);
    }
    printf("%s: %s\n", name, first);
}

static int edges(void) {
    struct statfs info;
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + PAGE, PAGE);
    tell("plain", place, &info);
    tell("proc", "/proc/self/", &info);
    tell("missing", "/missing/path", &info);
    tell("empty", "", &info);
    tell("null path", NULL, &info);
    tell("path nowhere", (char *)1, &info);
    tell("null answer", place, NULL);
    tell("answer nowhere", place, (void *)8);
    tell("answer in the kernel", place, (void *)0xffffffff80000000UL);
    tell("answer at the end of a page", place, pages + PAGE - sizeof info);
    tell("answer over the end", place, pages + PAGE - 8);
    tell("answer one byte over the end", place, pages + PAGE - sizeof info + 1);
    strcpy(pages + PAGE - 2, "/");
    tell("path at the end of a page", pages + PAGE - 2, &info);
    memcpy(pages + PAGE - 5, "/proc", 5);
    tell("path runs into a hole", pages + PAGE - 5, &info);
    mmap(pages + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
         0);
    strcpy(pages + PAGE - 3, "/proc");
    tell("path crosses pages", pages + PAGE - 3, &info);
    memset(pages, 0, PAGE);
    tell("answer crosses pages", place, pages + PAGE - 64);
    mprotect(pages, PAGE, PROT_READ);
    tell("answer that may not be written", place, pages);
    /* A path in the answer: the first call overwrites it. */
    union {
        struct statfs info;
        char path[256];
    } both;
    for (int i = 0; i < 3; i++) {
        strcpy(both.path, place);
        const int result = statfs(both.path, &both.info);
        printf("path in the answer: %d %s\n", result,
               result == 0 && both.info.f_type == type ? "type" : "other");
    }
    for (int i = 0; i < 12; i++)
        if (fstatfs(-1, &info) == 0 || errno != EBADF)
            puts("a bad descriptor is good");
    return 0;
}

/* ---- others that run the same code ---- */

static int child_of_fork(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(ask(ROUNDS) != 0);
    return status_of(child) + ask(1);
}

static int child_of_vfork(void) {
    pid_t child = vfork();
    if (child == 0)
        _exit(ask(ROUNDS) != 0);
    return status_of(child) + ask(1);
}

static void *in_thread(void *argument) {
    return ask(ROUNDS) == 0 ? argument : NULL;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number) {
    struct statfs info = {0};
    (void)number;
    if (statfs(place, &info) == 0 && info.f_type == type)
        alarms++;
}

/* Signals whose handler asks, too; then threads, which end it (glibc). */
static int threads(void) {
    pthread_t made[4];
    void *result;
    int wrong = 0;
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (alarms < 20)
        wrong += ask(10);
    for (int i = 0; i < 4; i++)
        pthread_create(&made[i], NULL, in_thread, made);
    while (alarms < 40)
        wrong += ask(10);
    for (int i = 0; i < 4; i++) {
        pthread_join(made[i], &result);
        wrong += result != made;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    return wrong;
}

/* ---- what keeps a program from it, or ends it ---- */

static void *waits(void *argument) {
    for (;;)
        pause();
    return argument;
}

static int beside_thread(void) {
    pthread_t other;
    pthread_create(&other, NULL, waits, NULL);
    return ask(ROUNDS);
}

static int shares(void *argument) {
    return waits(argument) == argument;
}

/* Another process with this memory; `twice`: whose parent is gone, so that it is nobody's child
 * here. */
static int in_between(void *argument) {
    static char stack[65536];
    *(pid_t *)argument = clone(shares, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    return 0;
}

static int beside_process(void) {
    static char stack[65536];
    pid_t other = 0;
    pid_t between = clone(in_between, stack + sizeof stack, CLONE_VM | SIGCHLD, &other);
    status_of(between);
    const int wrong = ask(ROUNDS);
    kill(other, SIGKILL);
    return wrong;
}

static int own_filter(void) {
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, all};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 1;
    return ask(ROUNDS);
}

/* A child that has a filter, and a child of that one, which has it, too: they are told the same, and
 * this one is no longer stopped, though it has made them; beside them, and when they have ended. */
static int about_filter(bool beside) {
    int told[2], ends[2];
    char byte;
    if (pipe(told) != 0 || pipe(ends) != 0)
        return 1;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        if (forbid_changes(0) != 0)
            _exit(2);
        const pid_t grandchild = fork();
        int wrong = ask(5);
        if (grandchild == 0)
            _exit(wrong != 0);
        wrong += status_of(grandchild) != 0 || write(told[1], "", 1) != 1;
        wrong += read(ends[0], &byte, 1) != 0;
        _exit(wrong != 0);
    }
    close(ends[0]);
    int wrong = read(told[0], &byte, 1) != 1;
    if (beside)
        wrong += ask(ROUNDS);
    close(ends[1]);
    wrong += status_of(child) != 0;
    return beside ? wrong : wrong + ask(ROUNDS);
}

static int beside_filter(void) {
    return about_filter(true);
}

static int after_filter(void) {
    return about_filter(false);
}

/* The filter is in no memory of the program that is executed meanwhile. */
static int executes_beside_filter(void) {
    int told[2], ends[2];
    char byte;
    if (pipe(told) != 0 || pipe(ends) != 0)
        return 1;
    if (fork() == 0) {
        close(ends[1]);
        _exit(forbid_changes(0) != 0 || write(told[1], "", 1) != 1 || read(ends[0], &byte, 1) != 0);
    }
    close(told[1]);
    if (read(told[0], &byte, 1) == 1)
        execl("/proc/self/exe", "ask", "strict", place, NULL);
    return 1;
}

/* As runc starts a container: its first process has a thread, and there was a filter before. */
static int in_namespace(void) {
    const pid_t filtered = fork();
    if (filtered == 0)
        _exit(forbid_changes(0) != 0);
    if (status_of(filtered) != 0 || unshare(CLONE_NEWPID) != 0)
        return 1;
    const pid_t first = fork();
    if (first == 0) {
        execl("/proc/self/exe", "ask", "beside-thread", place, NULL);
        _exit(2);
    }
    return status_of(first) != 0;
}

/* As runc keeps programs of its container from its memory. */
static int undumpable(void) {
    return (prctl(PR_SET_DUMPABLE, 0) != 0) + ask(ROUNDS);
}

/* As libseccomp finds out what the kernel has: without a program, which cannot succeed. */
static int probes_filters(void) {
    int wrong = 0;
    for (unsigned flags = 0; flags < 3; flags++)
        wrong += syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) == 0;
    wrong += prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == 0;
    return wrong + ask(ROUNDS);
}

/* As a container's profile may: runs a command without a system call. */
static int without(unsigned number, char **command) {
    struct sock_filter all[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof all / sizeof *all, all};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
        execvp(*command, command);
    return 2;
}

/* pthread_cancel() of glibc and musl begins so. */
static int cancels(void) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } action = {on_alarm, 0x04000000 /* SA_RESTORER */, NULL, 0};
    if (syscall(SYS_rt_sigaction, 32, &action, NULL, 8) != 0)
        return 1;
    return ask(ROUNDS);
}

static int strict(void) {
    if (prctl(65 /* PR_SET_MDWE */, 1, 0, 0, 0) != 0)
        puts("no PR_SET_MDWE here");
    return ask(ROUNDS);
}

static void *ask_some(void *wrong) {
    struct statfs info;
    for (int i = 0; i < 50; i++)
        *(int *)wrong += check(statfs(place, &info), &info, type);
    return NULL;
}

/* None of them asks often. */
static int brief_threads(void) {
    int wrong = 0;
    for (int i = 0; i < 40; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, ask_some, &wrong);
        pthread_join(thread, NULL);
    }
    return wrong;
}

/* What fstatfs says of a table of ours, which is a file in memory. */
static int table(void) {
    struct statfs info;
    int wrong = ask(10), fd = open("/proc/self/mounts", O_RDONLY);
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    for (int i = 0; i < 50; i++) {
        wrong += check(fstatfs(fd, &info), &info, TYPE_OF_PROC);
        wrong += check(statfs(name, &info), &info, TYPE_OF_PROC);
        /* A path where the answer goes: the call can be made once only. */
        union {
            struct statfs info;
            char path[sizeof name];
        } both;
        memcpy(both.path, name, sizeof name);
        wrong += check(statfs(both.path, &both.info), &both.info, TYPE_OF_PROC);
    }
    return wrong;
}

/* The same bytes, in memory of the program's own. */
static int generated(void) {
#if defined(__x86_64__)
    static const unsigned char code[] = {0x90, 0xb8, 138, 0, 0, 0, 0x0f, 0x05, 0xc3};
#else
    static const unsigned int code[] = {0xd2800588, 0xd4000001, 0xd65f03c0}; /* mov x8, 44; svc; ret */
#endif
    void *made = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int wrong = 0;
    memcpy(made, code, sizeof code);
    __builtin___clear_cache(made, (char *)made + sizeof code);
    mprotect(made, PAGE, PROT_READ | PROT_EXEC);
    long (*call)(long, struct statfs *);
    memcpy(&call, &made, sizeof call);
    for (int i = 0; i < 20; i++) {
        struct statfs info = {0};
        wrong += check((int)call(held, &info), &info, type);
    }
    return wrong + (memcmp(made, code, sizeof code) != 0);
}

/* Are the pages of the agent there, once, and may nobody write to it? */
static int maps(void) {
    char line[512], rights[8];
    int found = 0, wrong = ask(WARM);
    FILE *file = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, file)) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, rights) == 3 && begin >> 36 == 0x551) {
            found++;
            wrong += end - begin != 4 * PAGE || strcmp(rights, "r-xp") != 0;
        }
        wrong += strstr(line, "rwx") != NULL;
    }
    fclose(file);
    return wrong + (found != 1);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(void);
        int warm;
    } verbs[] = {
        {"edges", edges, WARM},
        {"fork", child_of_fork, WARM},
        {"vfork", child_of_vfork, WARM},
        {"threads", threads, WARM},
        {"beside-thread", beside_thread, 0},
        {"brief-threads", brief_threads, 0},
        {"beside-process", beside_process, 0},
        {"own-filter", own_filter, WARM},
        {"probes-filters", probes_filters, WARM},
        {"beside-filter", beside_filter, 0},
        {"after-filter", after_filter, 0},
        {"executes-beside-filter", executes_beside_filter, 0},
        {"in-namespace", in_namespace, 0},
        {"undumpable", undumpable, WARM},
        {"cancels", cancels, WARM},
        {"strict", strict, 0},
        {"table", table, WARM},
        {"generated", generated, WARM},
        {"maps", maps, WARM},
    };
    struct statfs info;
    if (argc > 2 && strcmp(argv[1], "without-kcmp") == 0)
        return without(SYS_kcmp, argv + 2);
    if (argc > 2 && strcmp(argv[1], "without-timers") == 0)
        return without(SYS_setitimer, argv + 2);
    if (argc != 3)
        return 2;
    place = argv[2];
    held = open(place, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        const int before = verbs[i].warm ? 1 : 0;
        if (syscall(SYS_statfs, place, &info) != 0)
            return 2;
        type = info.f_type;
        int wrong = before ? ask(verbs[i].warm) : 0;
        wrong += verbs[i].run();
        printf("%s\n", wrong == 0 ? "right" : "wrong");
        return wrong != 0;
    }
    return 2;
}
