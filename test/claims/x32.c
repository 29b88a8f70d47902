/* x32 FILE OTHER - makes calls of x32, by their numbers, of two files, and prints a line for each. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
#define X32 0x40000000L

static void tell(const char *what, long result) {
    printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
}

static void ask(const char *path) {
    const struct open_how how = {.flags = O_RDWR};
    const char *name = strrchr(path, '/') + 1;
    tell("reads", syscall(X32 | SYS_open, path, O_RDONLY));
    tell("reads from its directory", syscall(X32 | SYS_openat, AT_FDCWD, name, O_RDONLY));
    tell("writes", syscall(X32 | SYS_open, path, O_WRONLY));
    tell("empties", syscall(X32 | SYS_openat, AT_FDCWD, name, O_RDONLY | O_TRUNC));
    tell("creates", syscall(X32 | SYS_creat, path, 0600));
    tell("writes, openat2", syscall(X32 | SYS_openat2, AT_FDCWD, name, &how, sizeof how));
    tell("truncates", syscall(X32 | SYS_truncate, path, 1L));
    tell("truncates from its directory", syscall(X32 | SYS_truncate, name, 1L));
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++)
        ask(arguments[i]);
    return 0;
}
#else
int main(void) {
    return 0;
}
#endif
