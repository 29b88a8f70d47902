/* statfs-loop.c - how long one statfs(2) takes, as the program that calls it sees it: prints
 * nanoseconds a call, one figure a round. usage: statfs-loop PATH ROUNDS CALLS */
#include <stdio.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <time.h>

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int count, char **arguments) {
    struct statfs info;
    if (count != 4)
        return 2;
    long rounds = strtol(arguments[2], NULL, 10), calls = strtol(arguments[3], NULL, 10);
    for (long round = 0; round < rounds; round++) {
        double begin = now_ns();
        for (long i = 0; i < calls; i++)
            if (statfs(arguments[1], &info) != 0)
                return 1;
        printf("%.0f 0x%lx\n", (now_ns() - begin) / (double)calls, (long)info.f_type);
    }
    return 0;
}
