/* objects - statfs and fstatfs of every kind of thing a descriptor or a name can stand for. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static void files(void) {
    say_path("path of a file", "tree/file");
    say_path("path of a directory", "tree/directory");
    say_path("path of a fifo", "tree/fifo"); /* must not wait for a writer */
    say_open("descriptor of a file", "tree/file", O_RDONLY);
    say_open("descriptor for writing", "tree/file", O_WRONLY);
    say_open("descriptor of a directory", "tree/directory", O_RDONLY | O_DIRECTORY);
    say_open("descriptor of a fifo", "tree/fifo", O_RDONLY);
    say_open("O_PATH of a file", "tree/file", O_PATH);
    say_open("O_PATH of a directory", "tree/directory", O_PATH);
    say_open("O_PATH of a fifo", "tree/fifo", O_PATH);
    say_open("O_PATH of a symlink", "tree/relative", O_PATH | O_NOFOLLOW);
    say_open("O_PATH of a dangling symlink", "tree/dangling", O_PATH | O_NOFOLLOW);
    say_open("O_TMPFILE", "tree", O_TMPFILE | O_WRONLY);
}

static void deleted(void) {
    make_file("doomed", "x");
    int file = open_or_die("doomed", O_RDONLY);
    int path = open_or_die("doomed", O_PATH);
    must(unlink("doomed"), "unlink");
    say_fd("deleted file", file);
    say_fd("deleted file, O_PATH", path);
    say_path("path of a deleted file", "doomed");
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    say_path("deleted file through its descriptor", link);
    make_file("doomed", "again");
    say_fd("deleted file whose name is back", file);
    close(file);
    close(path);

    make_directory("gone", 0755);
    int directory = open_or_die("gone", O_RDONLY | O_DIRECTORY);
    int back = open_or_die(".", O_RDONLY | O_DIRECTORY);
    must(chdir("gone"), "chdir");
    must(rmdir("../gone"), "rmdir");
    say_fd("deleted directory", directory);
    say_path("deleted working directory", ".");
    say_path("parent of a deleted working directory", "..");
    say_path("name in a deleted working directory", "x");
    say_path("cwd link of a deleted directory", "/proc/self/cwd");
    say_path("absolute path from a deleted directory", "/");
    must(fchdir(back), "fchdir");
    close(directory);
    close(back);
}

static void streams(void) {
    int pair[2];
    must(pipe2(pair, O_CLOEXEC), "pipe");
    say_fd("pipe, read end", pair[0]);
    say_fd("pipe, write end", pair[1]);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", pair[0]);
    say_path("pipe through its link", link);
    must(dup2(pair[0], 900), "dup2");
    say_fd("pipe, high number", 900);
    close(900);
    close(pair[0]);
    close(pair[1]);

    must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    say_fd("unix socket", pair[0]);
    snprintf(link, sizeof link, "/dev/fd/%d", pair[0]);
    say_path("unix socket through /dev/fd", link);
    close(pair[0]);
    close(pair[1]);

    int sock = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    must(bind(sock, (struct sockaddr *)&address, sizeof address), "bind");
    say_path("path of a bound socket", "socket");
    say_fd("bound socket", sock);
    close(sock);
    int inet = socket(AF_INET, SOCK_STREAM, 0);
    say_fd("inet socket or none", inet);
    close(inet);
}

static void anonymous(void) {
    int fd = (int)must(memfd_create("subject", MFD_CLOEXEC), "memfd_create");
    say_fd("memfd", fd);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    say_path("memfd through its link", link);
    close(fd);
    fd = (int)must(eventfd(0, EFD_CLOEXEC), "eventfd");
    say_fd("eventfd", fd);
    close(fd);
    fd = (int)must(epoll_create1(EPOLL_CLOEXEC), "epoll");
    say_fd("epoll", fd);
    close(fd);
    fd = (int)must(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "timerfd");
    say_fd("timerfd", fd);
    close(fd);
    fd = (int)must(inotify_init1(IN_CLOEXEC), "inotify");
    say_fd("inotify", fd);
    close(fd);
    sigset_t none;
    memset(&none, 0, sizeof none);
    fd = (int)must(signalfd(-1, &none, SFD_CLOEXEC), "signalfd");
    say_fd("signalfd", fd);
    close(fd);
    fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    say_fd("pidfd or none", fd);
    if (fd >= 0)
        close(fd);
    say_open("namespace", "/proc/self/ns/mnt", O_RDONLY);
    say_path("namespace link", "/proc/self/ns/uts");
}

static void kernel_filesystems(void) {
    say_path("/", "/");
    say_path("/proc", "/proc");
    say_path("/proc/version", "/proc/version");
    say_path("/sys", "/sys");
    say_path("/dev", "/dev");
    say_path("/dev/null", "/dev/null");
    say_path("/dev/zero", "/dev/zero");
    say_path("/dev/shm", "/dev/shm");
    say_path("/dev/pts", "/dev/pts");
    say_path("/dev/tty", "/dev/tty"); /* no terminal is needed to ask */
    say_path("/sys/fs/cgroup", "/sys/fs/cgroup");
    say_open("descriptor of /proc", "/proc", O_RDONLY | O_DIRECTORY);
    say_open("descriptor of /proc/self/status", "/proc/self/status", O_RDONLY);
    say_open("descriptor of /dev/null", "/dev/null", O_RDWR);
}

int main(void) {
    make_sample_tree();
    files();
    deleted();
    streams();
    anonymous();
    kernel_filesystems();
    return 0;
}
