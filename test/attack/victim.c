/* victim DIRECTORY - root's program: holds open what nobody else can reach, and the other end of
 * every FIFO; says its pid and waits until standard input ends. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static void hold(const char *path, int flags, int number) {
    int fd = open(path, flags);
    if (fd >= 0 && fd != number) {
        dup2(fd, number);
        close(fd);
    }
}

int main(int count, char **arguments) {
    char byte;
    if (count < 2 || chdir(arguments[1]) != 0)
        return 2;
    int memory = memfd_create("of-root", 0);
    if (write(memory, "secret\n", 7) != 7)
        return 2;
    dup2(memory, 10);
    hold("places/locked/file", O_RDONLY, 11);
    hold("places/fifo", O_RDWR, 12);
    hold("places/sticky/fifo", O_RDWR, 13);
    printf("%d\n", getpid());
    fflush(stdout);
    return read(0, &byte, 1) < 0;
}
