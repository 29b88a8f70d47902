/* grow.c - one kind of call by one or many processes at once. For each number that it reads it
 * makes about that many calls, and prints the nanoseconds a call takes (wall time of all to the
 * number of calls) and how much longer the slowest one's calls took than the fastest one's.
 * usage: grow statfs|open PATH PROCESSES */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../drivers/clock.h"

#define MOST_PROCESSES 1024

struct shared {
    pthread_barrier_t begin;
    double began[MOST_PROCESSES], ended[MOST_PROCESSES];
    bool failed;
};

static struct shared *shared;
static const char *path;
static bool opens;
static long calls_each;

static bool call(void) {
    struct statfs info;
    if (!opens)
        return statfs(path, &info) == 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void work(size_t own) {
    pthread_barrier_wait(&shared->begin);
    shared->began[own] = (double)now_ns();
    for (long i = 0; i < calls_each; i++)
        if (!call())
            shared->failed = true;
    shared->ended[own] = (double)now_ns();
}

static void work_in_processes(size_t count) {
    for (size_t i = 1; i < count; i++) {
        pid_t pid = fork();
        if (pid < 0)
            exit(1);
        if (pid == 0) {
            work(i);
            _exit(0);
        }
    }
    work(0);
    while (wait(NULL) > 0)
        ;
}

static void report(size_t count) {
    double began = shared->began[0], ended = shared->ended[0], fastest = 0, slowest = 0;
    for (size_t i = 0; i < count; i++) {
        double own = shared->ended[i] - shared->began[i];
        began = shared->began[i] < began ? shared->began[i] : began;
        ended = shared->ended[i] > ended ? shared->ended[i] : ended;
        fastest = i == 0 || own < fastest ? own : fastest;
        slowest = own > slowest ? own : slowest;
    }
    printf("%.1f %.3f\n", (ended - began) / (double)calls_each / (double)count, slowest / fastest);
    fflush(stdout);
}

int main(int argument_count, char **arguments) {
    char line[32];
    if (argument_count != 4)
        return 2;
    opens = strcmp(arguments[1], "open") == 0;
    path = arguments[2];
    size_t count = strtoul(arguments[3], NULL, 10);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count < 1 || count > MOST_PROCESSES || shared == MAP_FAILED)
        return 2;
    pthread_barrierattr_t across;
    pthread_barrierattr_init(&across);
    pthread_barrierattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&shared->begin, &across, (unsigned)count);
    while (fgets(line, sizeof line, stdin)) {
        calls_each = strtol(line, NULL, 10) / (long)count + 1;
        work_in_processes(count);
        if (shared->failed) {
            fprintf(stderr, "grow: %s of %s failed\n", arguments[1], path);
            return 1;
        }
        report(count);
    }
    return 0;
}
