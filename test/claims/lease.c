/* lease PATH - takes each kind of lease on a file that it has opened; says of each whether it is
 * given. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void take(const char *path, const char *what, int flags, int kind) {
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        printf("%s: %s\n", what, strerror(errno));
        return;
    }
    const int taken = fcntl(fd, F_SETLEASE, kind);
    printf("%s: %s\n", what, taken == 0 ? "given" : errno == EAGAIN ? "refused" : strerror(errno));
    fcntl(fd, F_SETLEASE, F_UNLCK);
    close(fd);
}

int main(int argc, char **argv) {
    if (argc != 2)
        return 2;
    signal(SIGIO, SIG_IGN);
    take(argv[1], "to write, of a writer", O_RDWR, F_WRLCK);
    take(argv[1], "to write, of a reader", O_RDONLY, F_WRLCK);
    take(argv[1], "to read", O_RDONLY, F_RDLCK);
    return 0;
}
