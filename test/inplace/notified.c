/* Both sides of sd_notify(3), by hand.
 *
 *   notified watch PROGRAM ARGUMENT...   is the service manager: starts PROGRAM with NOTIFY_SOCKET,
 * says on standard output what came and whether the kernel vouches that it came from the very
 * process that was started; ends as PROGRAM ends notified serve FILE                  is the
 * service: writes its pid and the type of /dev/shm to FILE, says READY=1 itself, then serves until
 * SIGTERM (ends with 0) notified once                        says READY=1 and ends with 7 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
    fprintf(stderr, "notified: %s: %s\n", what, strerror(errno));
    exit(119);
}

static void say(const char *message) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path) {
        errno = ENOENT;
        die("NOTIFY_SOCKET");
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t count = strlen(path);
    memcpy(address.sun_path, path, count);
    if (path[0] == '@')
        address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, message, strlen(message), 0, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + count)) < 0)
        die("sendto");
    close(fd);
}

static int serve(const char *path) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    struct statfs answer;
    if (statfs("/dev/shm", &answer) != 0)
        die("statfs");
    FILE *file = fopen(path, "we");
    if (file == NULL)
        die(path);
    fprintf(file, "pid %d\ntype %lx\n", getpid(), (unsigned long)answer.f_type);
    fclose(file);
    say("READY=1\nSTATUS=serving");
    int signal;
    sigwait(&term, &signal);
    return 0;
}

static int watch(char **command) {
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(sa_family_t);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0)
        die("socket");
    size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("getsockname");
    char name[128];
    snprintf(name, sizeof name, "@%.*s", (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
             address.sun_path + 1);
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        setenv("NOTIFY_SOCKET", name, 1);
        execvp(command[0], command);
        die(command[0]);
    }
    int handle = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd wait[2] = {{.fd = fd, .events = POLLIN}, {.fd = handle, .events = POLLIN}};
    for (;;) {
        if (poll(wait, 2, 1200 * 1000) <= 0)
            die("poll");
        if (wait[0].revents == 0)
            break;
        char text[4096];
        union {
            char bytes[CMSG_SPACE(sizeof(struct ucred))];
            struct cmsghdr align;
        } control;
        struct iovec into = {text, sizeof text - 1};
        struct msghdr message = {.msg_iov = &into,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof control.bytes};
        ssize_t count = recvmsg(fd, &message, 0);
        if (count < 0)
            die("recvmsg");
        text[count] = 0;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        struct ucred from = {0};
        if (header != NULL && header->cmsg_type == SCM_CREDENTIALS)
            memcpy(&from, CMSG_DATA(header), sizeof from);
        text[strcspn(text, "\n")] = 0;
        printf("%s from %s\n", text, from.pid == child ? "the process started" : "elsewhere");
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[1], "watch") == 0)
        return watch(argv + 2);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 2 && strcmp(argv[1], "once") == 0) {
        say("READY=1");
        return 7;
    }
    return 2;
}
