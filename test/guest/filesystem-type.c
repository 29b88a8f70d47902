/* filesystem-type [PATH | -FD]...: what statfs(2), or fstatfs(2) on a descriptor, says. With
 * `open:PATH` the path is opened with O_PATH and asked by descriptor. Without arguments: `/`. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

static int look(const char *word, struct statfs *answer)
{
    if (word[0] == '-') return fstatfs(atoi(word + 1), answer);
    if (strncmp(word, "open:", 5) == 0) {
        int fd = open(word + 5, O_PATH | O_CLOEXEC);
        return fd < 0 ? -1 : fstatfs(fd, answer);
    }
    return statfs(word, answer);
}

int main(int argc, char **argv)
{
    static char root[] = "/";
    char *standard[] = {root, NULL};
    int failed = 0;

    for (char **word = argc > 1 ? argv + 1 : standard; *word; word++) {
        struct statfs answer;
        if (look(*word, &answer)) {
            printf("Filesystem type: %s\n", strerror(errno));
            failed = 1;
        } else {
            printf("Filesystem type: 0x%lx\n", (unsigned long)answer.f_type);
        }
    }
    return failed;
}
