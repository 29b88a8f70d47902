/* probe-times.c - how long the starter's probe of a mechanism takes: linked with the supervisor's
 * own objects, because no command does this step alone. Prints nanoseconds, one line a round.
 * usage: probe-times notify|trace|ptrace ROUNDS BLOB */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../../csrc/probe/probe.h"
#include "../drivers/clock.h"

static const uint8_t *map(const char *path) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0)
        return NULL;
    uint8_t *blob = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    return blob == MAP_FAILED ? NULL : blob;
}

int main(int count, char **arguments) {
    if (count != 4)
        return 2;
    const uint8_t *policy = map(arguments[3]);
    if (!policy) {
        perror(arguments[3]);
        return 1;
    }
    sigset_t all; /* as `start` does: the trial waits for its children by their signal */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    long rounds = strtol(arguments[2], NULL, 10);
    for (long round = 0; round < rounds; round++) {
        struct probe_result result = {0};
        uint64_t begin = now_ns();
        if (strcmp(arguments[1], "notify") == 0)
            probe_notify(policy, PROBE_BESIDE, &result);
        else
            probe_trace(policy, strcmp(arguments[1], "ptrace") == 0, PROBE_BESIDE, &result);
        double duration = (double)(now_ns() - begin);
        if (!result.works) {
            fprintf(stderr, "%s does not work here: %s\n", arguments[1], result.why);
            return 1;
        }
        printf("%.0f\n", duration);
    }
    return 0;
}
