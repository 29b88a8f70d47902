/* load PROCESSES CALLS PATH...: every process asks for the filesystem type of every path CALLS
 * times, by statfs(2) and by open(2) and fstatfs(2) in turn. Prints a line for each path and answer
 * with how often it was seen; ends with 1 if a call failed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATHS = 16, ANSWERS = 4 };

/* Type 0: no answer yet; answers of a failed call are -errno. */
struct seen {
    _Atomic long type;
    atomic_ulong count;
};

static void count(struct seen *seen, long type)
{
    for (int i = 0; i < ANSWERS; i++) {
        long empty = 0;
        if (atomic_compare_exchange_strong(&seen[i].type, &empty, type) || empty == type) {
            atomic_fetch_add(&seen[i].count, 1);
            return;
        }
    }
    fprintf(stderr, "load: more than %d different answers\n", ANSWERS);
    abort();
}

static long ask(const char *path, int by_descriptor)
{
    struct statfs answer;
    int fd, failed;

    if (!by_descriptor) return statfs(path, &answer) ? -errno : (long)answer.f_type;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    failed = fstatfs(fd, &answer) ? -errno : 0;
    close(fd);
    return failed ? failed : (long)answer.f_type;
}

int main(int argc, char **argv)
{
    int processes = argc > 3 ? atoi(argv[1]) : 0;
    int calls = argc > 3 ? atoi(argv[2]) : 0;
    char **paths = argv + 3;
    int failed = 0, status;

    if (processes < 1 || calls < 1 || argc - 3 > PATHS) return 2;
    struct seen(*seen)[ANSWERS] = mmap(NULL, sizeof(*seen) * PATHS, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED) return 2;

    for (int p = 0; p < processes; p++) {
        pid_t child = fork();
        if (child < 0) return 2;
        if (child > 0) continue;
        for (int c = 0; c < calls; c++)
            for (int i = 0; paths[i]; i++) count(seen[i], ask(paths[i], c % 2));
        _exit(0);
    }
    while (wait(&status) > 0) failed |= status != 0;

    for (int i = 0; paths[i]; i++) {
        for (int a = 0; a < ANSWERS && seen[i][a].type != 0; a++) {
            long type = seen[i][a].type;
            failed |= type < 0;
            if (type < 0) printf("%lu %s %s\n", seen[i][a].count, strerror((int)-type), paths[i]);
            else printf("%lu 0x%lx %s\n", seen[i][a].count, (unsigned long)type, paths[i]);
        }
    }
    return failed;
}
