/* killer GUARDIAN COUNT SEED MICROSECONDS WAY... - disturbs GUARDIAN and its worker, COUNT times: waits
 * until there is a worker, then a random while of up to MICROSECONDS, then does one of the WAYs:
 *   kill         SIGKILL to the worker; then there must be another one
 *   stop         SIGSTOP, a while, SIGCONT
 *   trace        what a debugger does: PTRACE_SEIZE and PTRACE_INTERRUPT of all threads, a while (held, or
 *                stopped at each system call, as by strace), PTRACE_DETACH
 *   freeze:DIR   the freezer of a cgroup (version 1 or 2) that is made below DIR, a while, thawed
 * All but `kill` are done to the guardian, to the worker, or to both, each at random; to a tracer, which has no
 * worker, if GUARDIAN is `tracer:PID`. The while is the
 * randomness of the test, it waits for nothing. Ends with 1 when no new worker comes. Prints empty lines
 * as long as it goes on, then one JSON object. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_SECONDS 1200 /* only to detect hangs, as in test/support/silence.ts */
#define MOST_WAYS 8
#define MOST_THREADS 1024

static uint64_t state, most;
static pid_t guardian;
static int children;

/* splitmix64: the same seed, the same delays. */
static uint64_t draw(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what, pid_t pid) {
    fprintf(stderr, "killer: %s, process %d: %s\n", what, pid, strerror(errno));
    exit(1);
}

/* The guardian's only child; 0 if it has none at the moment. */
static pid_t child_of_guardian(void) {
    char text[256];
    ssize_t count = pread(children, text, sizeof text - 1, 0);
    if (count < 0)
        fail("children", guardian);
    text[count] = 0;
    char *rest;
    pid_t child = (pid_t)strtol(text, &rest, 10);
    if (child != 0 && strtol(rest, NULL, 10) != 0) {
        fprintf(stderr, "killer: the guardian has several children: %s\n", text);
        exit(1);
    }
    return child;
}

static pid_t await_worker(pid_t last) {
    double asked = seconds();
    pid_t worker;
    while ((worker = child_of_guardian()) == 0 || worker == last) {
        if (seconds() - asked > LIMIT_SECONDS)
            fail("no new worker", last);
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    return worker;
}

static void rest(void) {
    uint64_t microseconds = draw() % (most + 1);
    if (microseconds >= 100) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(microseconds * 1000)}, NULL);
        return;
    }
    /* Too short to sleep: the first moments of a worker count most. */
    double until = seconds() + (double)microseconds / 1e6;
    while (seconds() < until)
        ;
}

/* ---- kill ---- */

static void kill_worker(pid_t worker) {
    int handle = (int)syscall(SYS_pidfd_open, worker, 0);
    /* Still the guardian's child: then the handle is the worker's, and nobody else's. */
    if (handle < 0 || child_of_guardian() != worker)
        fail("the worker ended by itself", worker);
    if (syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0) != 0)
        fail("pidfd_send_signal", worker);
    struct pollfd wait = {.fd = handle, .events = POLLIN};
    if (poll(&wait, 1, LIMIT_SECONDS * 1000) != 1)
        fail("does not die", worker);
    close(handle);
}

/* ---- stop ---- */

static void stop(const pid_t *pids, int count) {
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGSTOP);
    rest();
    for (int i = 0; i < count; i++)
        kill(pids[i], SIGCONT);
}

/* ---- trace ---- */

static pid_t threads[MOST_THREADS];
static int thread_count;

static void forget(int i) {
    threads[i] = threads[--thread_count];
}

static void seize(pid_t pid) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/task", pid);
    DIR *directory = opendir(name);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        pid_t tid = (pid_t)atoi(entry->d_name);
        if (tid > 0 && thread_count < MOST_THREADS &&
            ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACESYSGOOD) == 0)
            threads[thread_count++] = tid;
    }
    if (directory)
        closedir(directory);
}

/* Until it is stopped. False: it has ended. */
static bool interrupt(pid_t tid) {
    int status = 0;
    if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0)
        return false;
    return waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status);
}

/* Signals are passed on; a stop by one ends with the next PTRACE_SYSCALL, as strace does it. */
static void step(int i, int status) {
    int signal = WSTOPSIG(status);
    bool own = signal == (SIGTRAP | 0x80) || status >> 16 != 0;
    if (!WIFSTOPPED(status) ||
        ptrace(PTRACE_SYSCALL, threads[i], NULL, (void *)(intptr_t)(own ? 0 : signal)) != 0)
        forget(i);
}

static void follow(void) {
    double until = seconds() + (double)(draw() % (most + 1)) / 1e6;
    for (int i = 0; i < thread_count; i++)
        ptrace(PTRACE_SYSCALL, threads[i], NULL, NULL);
    while (seconds() < until)
        for (int i = 0; i < thread_count; i++) {
            int status = 0;
            pid_t tid = waitpid(threads[i], &status, __WALL | WNOHANG);
            if (tid > 0)
                step(i, status);
            else if (tid < 0)
                forget(i);
        }
    for (int i = thread_count - 1; i >= 0; i--)
        if (!interrupt(threads[i]))
            forget(i);
}

static void trace(const pid_t *pids, int count) {
    thread_count = 0;
    for (int i = 0; i < count; i++)
        seize(pids[i]);
    for (int i = thread_count - 1; i >= 0; i--)
        if (!interrupt(threads[i]))
            forget(i);
    rest();
    if (draw() % 2 == 0)
        follow();
    for (int i = 0; i < thread_count; i++)
        ptrace(PTRACE_DETACH, threads[i], NULL, NULL);
}

/* ---- freeze ---- */

static bool write_to(const char *directory, const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t put = fd < 0 ? -1 : write(fd, text, strlen(text));
    if (fd >= 0)
        close(fd);
    return put == (ssize_t)strlen(text);
}

static void move_to(const char *directory, pid_t pid) {
    char text[32];
    snprintf(text, sizeof text, "%d", pid);
    write_to(directory, "cgroup.procs", text);
}

static void set_frozen(const char *directory, bool frozen) {
    if (!write_to(directory, "cgroup.freeze", frozen ? "1" : "0") &&
        !write_to(directory, "freezer.state", frozen ? "FROZEN" : "THAWED"))
        fail(directory, 0);
}

static void freeze(const char *directory, const pid_t *pids, int count, pid_t worker) {
    char held[256], others[256];
    snprintf(held, sizeof held, "%s/held", directory);
    snprintf(others, sizeof others, "%s/others", directory);
    mkdir(held, 0755);
    mkdir(others, 0755);
    move_to(others, guardian);
    move_to(others, worker);
    for (int i = 0; i < count; i++)
        move_to(held, pids[i]);
    set_frozen(held, true);
    rest();
    set_frozen(held, false);
}

/* ---- */

/* Guardian, worker, or both; a tracer has no worker. */
static int choose(pid_t worker, pid_t pids[2]) {
    const uint64_t which = worker == guardian ? 0 : draw() % 3;
    int count = 0;
    if (which != 1)
        pids[count++] = guardian;
    if (which != 0)
        pids[count++] = worker;
    return count;
}

int main(int argc, char **argv) {
    if (argc < 6 || argc > 5 + MOST_WAYS)
        return 2;
    const bool alone = strncmp(argv[1], "tracer:", 7) == 0;
    guardian = (pid_t)atoi(argv[1] + (alone ? 7 : 0));
    pid_t last = 0;
    long count = atol(argv[2]), done[MOST_WAYS] = {0};
    state = strtoull(argv[3], NULL, 10);
    most = strtoull(argv[4], NULL, 10);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", guardian, guardian);
    children = open(path, O_RDONLY | O_CLOEXEC);
    if (children < 0)
        fail(path, guardian);
    double start = seconds(), longest = 0;
    for (long round = 1; round <= count; round++) {
        double asked = seconds();
        pid_t pids[2], worker = alone ? guardian : await_worker(last);
        if (seconds() - asked > longest)
            longest = seconds() - asked;
        rest();
        int way = (int)(draw() % (uint64_t)(argc - 5));
        const char *name = argv[5 + way];
        int chosen = choose(worker, pids);
        done[way]++;
        if (strcmp(name, "kill") == 0) {
            kill_worker(worker);
            last = worker;
        } else if (strcmp(name, "stop") == 0) {
            stop(pids, chosen);
        } else if (strcmp(name, "trace") == 0) {
            trace(pids, chosen);
        } else if (strncmp(name, "freeze:", 7) == 0) {
            freeze(name + 7, pids, chosen, worker);
        } else {
            return 2;
        }
        if (round % 100 == 0) { /* a sign that it goes on */
            puts("");
            fflush(stdout);
        }
    }
    printf("{\"rounds\":[");
    for (int i = 0; i < argc - 5; i++)
        printf("%s%ld", i ? "," : "", done[i]);
    printf("],\"seed\":%s,\"seconds\":%.1f,\"longestWaitMs\":%.1f}\n", argv[3], seconds() - start,
           longest * 1000);
    return 0;
}
