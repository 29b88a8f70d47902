/* floor.c - the barest loop that answers calls by user notification: for each shape it makes only
 * the calls that no correct supervisor can do without. Wrong for links, roots, relative paths,
 * credentials, slow filesystems and forged requests; it only says what the kernel costs.
 * usage: floor [--virtual PATH CONTENT] COMMAND... */
#include "floor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP(number)                                                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),                                             \
        BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_USER_NOTIF)

static int install(unsigned long flags) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct k_seccomp_data, nr)),
        STOP(NUMBER_STATFS),
        STOP(NUMBER_FSTATFS),
        STOP(NUMBER_OPENAT),
        STOP(NUMBER_NEWFSTATAT),
        BPF_STMT(BPF_RET | BPF_K, K_SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return (int)syscall(SYS_seccomp, K_SECCOMP_SET_MODE_FILTER,
                        K_SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &program);
}

static void become(int ready, char **command) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int listener = install(K_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    if (listener < 0 && errno == EINVAL)
        listener = install(0); /* before Linux 5.19 */
    if (listener < 0)
        err(125, "no listener");
    if (write(ready, &listener, sizeof listener) != sizeof listener)
        err(125, "pipe");
    execvp(command[0], command);
    err(errno == ENOENT ? 127 : 126, "%s", command[0]);
}

/* The child shares our descriptors until it execs, so the listener's number is good for us too. */
static pid_t start(char **command, int *listener) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        err(125, "pipe");
    long pid =
        syscall(SYS_clone, (unsigned long)(0x400 /* CLONE_FILES */ | 17 /* SIGCHLD */), 0, 0, 0, 0);
    if (pid < 0)
        err(125, "clone");
    if (pid == 0)
        become(ready[1], command);
    /* The pipe's other end stays open here: the child's death is not seen on it, but waited for. */
    if (read(ready[0], listener, sizeof *listener) != sizeof *listener)
        err(125, "pipe");
    return (pid_t)pid;
}

static void make_virtual(struct floor *floor, const char *path, const char *content) {
    floor->virtual_path = path;
    floor->virtual_size = (int64_t)strlen(content);
    floor->virtual_file = memfd_create("virtual", MFD_CLOEXEC);
    if (floor->virtual_file < 0 ||
        write(floor->virtual_file, content, strlen(content)) != floor->virtual_size)
        err(125, "a file in memory");
}

static pid_t command_pid;

/* The command's end is ours: what it leaves running finds nobody to answer any more. A signal,
 * because old kernels do not tell a receiver that nobody is left. */
static void on_child(int number) {
    int status = 0;
    (void)number;
    if (waitpid(command_pid, &status, WNOHANG) == command_pid)
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void serve(const struct floor *floor) {
    for (;;) {
        union {
            struct k_seccomp_notif request;
            char space[256]; /* newer kernels may have more to say */
        } buffer = {0};
        if (ioctl(floor->listener, K_SECCOMP_IOCTL_NOTIF_RECV, &buffer.request) == 0)
            answer(floor, &buffer.request);
        else if (errno != ENOENT && errno != EINTR) /* the caller died, or a child of ours */
            err(125, "receive");
    }
}

int main(int count, char **words) {
    struct floor floor = {0};
    int next = 1;
    if (count > 4 && strcmp(words[1], "--virtual") == 0) {
        make_virtual(&floor, words[2], words[3]);
        next = 4;
    }
    if (next >= count) {
        fprintf(stderr, "usage: floor [--virtual PATH CONTENT] COMMAND...\n");
        return 125;
    }
    command_pid = start(words + next, &floor.listener);
    signal(SIGCHLD, on_child);
    on_child(SIGCHLD); /* it may have ended before that */
    ioctl(floor.listener, K_SECCOMP_IOCTL_NOTIF_SET_FLAGS, K_SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    serve(&floor);
}
