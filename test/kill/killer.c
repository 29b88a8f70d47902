/* killer GUARDIAN COUNT SEED MICROSECONDS - sends SIGKILL to the worker of GUARDIAN, COUNT times:
 * waits until there is a worker with another pid, then a random while of up to MICROSECONDS, then
 * kills it. The while is the randomness of the test, it waits for nothing. Ends with 1 when no new
 * worker comes. Prints empty lines as long as it goes on, then one JSON object. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_SECONDS 1200 /* only to detect hangs, as in test/support/silence.ts */

static uint64_t state;

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

/* The guardian's only child; 0 if it has none at the moment. */
static pid_t child_of(int children) {
    char text[256];
    ssize_t count = pread(children, text, sizeof text - 1, 0);
    if (count < 0) {
        perror("killer: children");
        exit(1);
    }
    text[count] = 0;
    char *rest;
    pid_t child = (pid_t)strtol(text, &rest, 10);
    if (child != 0 && strtol(rest, NULL, 10) != 0) {
        fprintf(stderr, "killer: the guardian has several children: %s\n", text);
        exit(1);
    }
    return child;
}

static void rest(uint64_t microseconds) {
    if (microseconds >= 100) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(microseconds * 1000)}, NULL);
        return;
    }
    /* Too short to sleep: the first moments of a worker count most. */
    double until = seconds() + (double)microseconds / 1e6;
    while (seconds() < until)
        ;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    pid_t guardian = (pid_t)atoi(argv[1]), last = 0;
    long count = atol(argv[2]), kills = 0;
    state = strtoull(argv[3], NULL, 10);
    uint64_t most = strtoull(argv[4], NULL, 10);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", guardian, guardian);
    int children = open(path, O_RDONLY | O_CLOEXEC);
    if (children < 0) {
        perror(path);
        return 1;
    }
    double start = seconds(), longest = 0;
    while (kills < count) {
        double asked = seconds();
        pid_t worker;
        while ((worker = child_of(children)) == 0 || worker == last) {
            if (seconds() - asked > LIMIT_SECONDS) {
                fprintf(stderr, "killer: no new worker after kill %ld\n", kills);
                return 1;
            }
            nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
        }
        if (seconds() - asked > longest)
            longest = seconds() - asked;
        rest(draw() % (most + 1));
        int handle = (int)syscall(SYS_pidfd_open, worker, 0);
        /* Still the guardian's child: then the handle is the worker's, and nobody else's. */
        if (handle < 0 || child_of(children) != worker) {
            fprintf(stderr, "killer: worker %d ended by itself\n", worker);
            return 1;
        }
        if (syscall(SYS_pidfd_send_signal, handle, SIGKILL, NULL, 0) != 0) {
            perror("killer: pidfd_send_signal");
            return 1;
        }
        struct pollfd wait = {.fd = handle, .events = POLLIN};
        if (poll(&wait, 1, LIMIT_SECONDS * 1000) != 1) {
            fprintf(stderr, "killer: worker %d does not die\n", worker);
            return 1;
        }
        close(handle);
        last = worker;
        kills++;
        if (kills % 100 == 0) { /* a sign that it goes on */
            puts("");
            fflush(stdout);
        }
    }
    printf("{\"kills\":%ld,\"seed\":%s,\"seconds\":%.1f,\"longestWaitMs\":%.1f}\n", kills, argv[3],
           seconds() - start, longest * 1000);
    return 0;
}
