/* descriptors - numbers that stand for nothing, and numbers that stand for something else now. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void raw(const char *label, long fd) {
    struct statfs fs = {0};
    errno = 0;
    long ret = raw_fstatfs(fd, &fs);
    print("%s ret=%ld errno=%d type=0x%lx", label, ret, ret < 0 ? errno : 0,
          (unsigned long)fs.f_type);
}

int main(void) {
    make_sample_tree();
    say_fd("-1", -1);
    say_fd("AT_FDCWD", AT_FDCWD);
    say_fd("INT_MIN", INT_MIN);
    say_fd("INT_MAX", INT_MAX);
    say_fd("1023", 1023);
    say_fd("1048576", 1048576);

    int fd = open_or_die("tree/file", O_RDONLY);
    say_fd("open", fd);
    raw("open, by the bare call", fd);
#if LONG_MAX > INT_MAX
    raw("open, upper half of the register is garbage", fd | 0x7fffffff00000000L);
    raw("open, upper half is ones", fd | (long)0xffffffff00000000ul);
    raw("only the upper half", 0x100000000L);
#endif
    close(fd);
    say_fd("closed", fd);

    must(dup2(open_or_die("/proc/version", O_RDONLY), fd), "dup2");
    say_fd("same number, other file", fd);
    int other = open_or_die("tree/directory", O_RDONLY);
    must(dup3(other, fd, O_CLOEXEC), "dup3");
    say_fd("same number, third file", fd);
    int copy = (int)must(fcntl(fd, F_DUPFD_CLOEXEC, 600), "F_DUPFD");
    say_fd("copy", copy);
    close(fd);
    say_fd("copy of a closed one", copy);
    close(copy);

    /* The number is above the limit that holds now, but it is open. */
    must(dup2(other, 500), "dup2");
    struct rlimit limit = {64, 64};
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    say_fd("above RLIMIT_NOFILE", 500);
    limit = (struct rlimit){0, 0};
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    say_fd("RLIMIT_NOFILE 0", 500);
    say_path("path with RLIMIT_NOFILE 0", "tree/file");
    say_path("/proc/self/fd/500 with RLIMIT_NOFILE 0", "/proc/self/fd/500");
    return 0;
}
