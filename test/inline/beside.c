/* beside VERB ROUNDS PLACE - so often in a program of its own: threads ask for filesystems and
 * paths, while the program is changed so that it answers these itself, and something else happens:
 * VERB. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forbid.h"

enum { THREADS = 4, TURNS = 40, IN_CHILD = 10 };
#define TOLD 0x1021997L  /* of tmpfs, by the policy: 9p */
#define TRUTH 0x1021994L /* tmpfs */

static const char *place, *self;
static unsigned number; /* of the round */
static bool workers_die;
static _Atomic bool begins;
static _Atomic unsigned asked, handled;

static void check(const char *what, bool is_right) {
    if (is_right)
        return;
    fprintf(stderr, "round %u: %s is wrong: %s\n", number, what, strerror(errno));
    abort();
}

/* A request that several workers died of is answered by the kernel (docs/exec.md); how many were is compared. */
static bool is_told(const struct statfs *filesystem) {
    if (workers_die && filesystem->f_type == TRUTH)
        return write(STDERR_FILENO, "the truth\n", 10) == 10;
    return filesystem->f_type == TOLD;
}

static void ask(void) {
    struct statfs filesystem;
    struct stat file;
    char text[64];
    check("statfs", statfs(place, &filesystem) == 0 && is_told(&filesystem));
    check("statfs of nowhere", statfs((char *)8, &filesystem) < 0 && errno == EFAULT);
    const int directory = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check("open", directory >= 0);
    check("fstatfs", fstatfs(directory, &filesystem) == 0 && is_told(&filesystem));
    check("fstatat", fstatat(directory, "counts", &file, 0) == 0 && S_ISREG(file.st_mode));
    close(directory);
    check("stat", stat("/", &file) == 0 && S_ISDIR(file.st_mode));
    check("lstat", lstat("/missing/file", &file) < 0 && errno == ENOENT);
    check("access", access(place, R_OK) == 0);
    check("access of nowhere", access((char *)16, R_OK) < 0 && errno == EFAULT);
    check("readlink", readlink("/proc/self/exe", text, sizeof text) > 0);
    asked++;
}

static void on_signal(int signal) {
    struct statfs filesystem;
    (void)signal;
    check("statfs in a handler", statfs("/proc", &filesystem) == 0);
    check("access in a handler", access("/", R_OK) == 0);
    handled++;
}

static void fork_and_ask(void) {
    int status;
    const pid_t child = fork();
    check("fork", child >= 0);
    for (int i = 0; child == 0 && i < IN_CHILD; i++)
        ask();
    if (child == 0)
        _exit(0);
    check("a child", waitpid(child, &status, 0) == child && status == 0);
}

static void *asks(void *forks) {
    while (!begins)
        sched_yield();
    for (int i = 0; i < TURNS; i++) {
        ask();
        if (forks && i % 8 == 2)
            fork_and_ask();
    }
    return NULL;
}

/* At another moment in each round. */
static void wait_for_it(void) {
    while (asked < number % 12)
        sched_yield();
    for (volatile unsigned i = 0; i < number * 7919 % 20000; i++)
        ;
}

static void one_round(const char *verb) {
    const bool signals = strcmp(verb, "signals") == 0;
    workers_die = strcmp(verb, "deaths") == 0;
    const bool forks = workers_die || strcmp(verb, "forks") == 0;
    pthread_t threads[THREADS];
    if (signals) {
        const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        const struct itimerval often = {{0, 200}, {0, 200}};
        sigaction(SIGALRM, &action, NULL);
        sigaction(SIGUSR1, &action, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, asks, forks ? &asked : NULL);
    begins = true;
    /* Nearly always there is one for each, which a handler takes once it may. */
    for (unsigned i = 0; signals && asked < THREADS * TURNS; i++)
        pthread_kill(threads[i % THREADS], SIGUSR1);
    if (strcmp(verb, "filter") == 0) {
        wait_for_it();
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        check("seccomp", forbid_changes(SECCOMP_FILTER_FLAG_TSYNC) == 0);
    }
    if (strcmp(verb, "ends") == 0) {
        wait_for_it();
        _exit(0);
    }
    if (strcmp(verb, "executes") == 0) {
        wait_for_it();
        execl(self, self, "plain", "0", place, "1", NULL);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    exit(0);
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    self = argv[0];
    place = argv[3];
    if (argc == 5) {
        number = (unsigned)atoi(argv[4]);
        one_round(argv[1]);
    }
    for (int i = 0; i < atoi(argv[2]); i++) {
        char round[16];
        int status;
        snprintf(round, sizeof round, "%d", i);
        const pid_t child = fork();
        if (child == 0)
            execl(self, self, argv[1], "0", place, round, NULL);
        if (waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "round %d: status %x\n", i, (unsigned)status);
            return 1;
        }
    }
    return 0;
}
