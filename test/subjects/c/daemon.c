/* daemon - goes on asking after the command that started it is gone. */
#include "subject.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look(const char *who) {
    char label[128];
    static const char *const paths[] = {
        "tree/file", ".", "tree/missing", "/proc", "/proc/self/cwd/tree/file", "/proc/self/fd/620"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        snprintf(label, sizeof label, "%s: %s", who, paths[i]);
        say_path(label, paths[i]);
    }
    snprintf(label, sizeof label, "%s: descriptor", who);
    say_fd(label, 620);
}

static void wait_for_end(int pidfd) {
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    must(poll(&ended, 1, -1), "poll");
}

int main(void) {
    make_sample_tree();
    int fd = open_or_die("tree/file", O_RDONLY);
    must(dup2(fd, 620), "dup2");
    look("the command");
    int command = (int)may(syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
    pid_t middle = (pid_t)must(fork(), "fork");
    if (middle != 0) {
        reap(middle, "middle");
        print("the command ends");
        return 3;
    }
    must(setsid(), "setsid");
    if (must(fork(), "second fork") != 0)
        _exit(0);
    wait_for_end(command);
    look("the daemon");
    for (int i = 0; i < 3; i++) {
        int own = (int)must(syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
        if (must(fork(), "fork") != 0)
            return 0;
        wait_for_end(own);
        close(own);
        char label[64];
        snprintf(label, sizeof label, "generation %d", i);
        look(label);
    }
    int null = open_or_die("/dev/null", O_RDWR);
    must(chdir("/"), "chdir");
    must(dup2(null, 0), "dup2");
    look("the daemon in /");
    print("the daemon ends");
    return 0;
}
