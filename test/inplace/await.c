/* await SECONDS PID... - says "watching" as soon as it holds on to the processes, "gone" when all
 * of them have ended, or "still there: PID" and ends with 1 when the time is over. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    int handles[64];
    if (argc < 3 || argc > 64)
        return 2;
    for (int i = 2; i < argc; i++) {
        handles[i] = (int)syscall(SYS_pidfd_open, atoi(argv[i]), 0);
        if (handles[i] < 0 && errno != ESRCH) {
            perror("await: pidfd_open");
            return 2;
        }
    }
    puts("watching");
    fflush(stdout);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long deadline = now.tv_sec * 1000 + now.tv_nsec / 1000000 + atol(argv[1]) * 1000;
    for (int i = 2; i < argc; i++) {
        if (handles[i] < 0)
            continue;
        clock_gettime(CLOCK_MONOTONIC, &now);
        long left = deadline - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
        struct pollfd wait = {.fd = handles[i], .events = POLLIN};
        if (poll(&wait, 1, left > 0 ? (int)left : 0) != 1) {
            printf("still there: %s\n", argv[i]);
            return 1;
        }
    }
    puts("gone");
    return 0;
}
