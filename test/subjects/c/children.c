/* children - fork, vfork and clone with and without a shared working directory and descriptor
 * table. One side moves to another filesystem, so that asking on behalf of the wrong side shows. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHARED_NUMBER = 650, STACK = 256 << 10 };

static struct turn to_child, to_parent;
static const char *self;

static void look(const char *who) {
    static const char *const paths[] = {".",
                                        "file",
                                        "version",
                                        "self",
                                        "..",
                                        "/proc/self/cwd",
                                        "/proc/self/cwd/file",
                                        "/proc/self/fd/650"};
    char label[128];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        snprintf(label, sizeof label, "%s: %s", who, paths[i]);
        say_path(label, paths[i]);
    }
    snprintf(label, sizeof label, "%s: descriptor", who);
    say_fd(label, SHARED_NUMBER);
}

/* What the other side does: moves away, puts another file on the number, waits, moves back. */
static int other_side(void *context) {
    const char *name = context;
    char label[64];
    snprintf(label, sizeof label, "%s, child before", name);
    look(label);
    must(chdir("/proc"), "chdir");
    int fd = open_or_die("/proc/version", O_RDONLY);
    must(dup2(fd, SHARED_NUMBER), "dup2");
    close(fd);
    snprintf(label, sizeof label, "%s, child after", name);
    look(label);
    turn_give(&to_parent);
    turn_wait(&to_child);
    snprintf(label, sizeof label, "%s, child later", name);
    look(label);
    return 0;
}

static void home(void) {
    static int here = -1;
    if (here < 0)
        here = (int)must(fcntl(open_or_die("tree", O_RDONLY), F_DUPFD_CLOEXEC, 660), "keep");
    must(fchdir(here), "fchdir");
    int fd = open_or_die("file", O_RDONLY);
    must(dup2(fd, SHARED_NUMBER), "dup2");
    close(fd);
}

static void meanwhile(const char *name, pid_t pid) {
    char label[64];
    turn_wait_for(&to_parent, pid, name);
    snprintf(label, sizeof label, "%s, parent meanwhile", name);
    look(label);
    home();
    turn_give(&to_child);
    reap(pid, name);
    snprintf(label, sizeof label, "%s, parent afterwards", name);
    look(label);
    home();
}

static void with_clone(const char *name, int flags) {
    char *stack = malloc(STACK);
    if (stack == NULL)
        die("malloc");
    pid_t pid = clone(other_side, stack + STACK, flags | SIGCHLD, (void *)(uintptr_t)name);
    must(pid, name);
    meanwhile(name, pid);
    free(stack);
}

static void with_fork(void) {
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        other_side("fork");
        _exit(0);
    }
    meanwhile("fork", pid);
}

/* The parent of a vfork sleeps until the child is done: its memory is shared, nothing else is. */
static void with_vfork(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        if (chdir("/proc") != 0)
            _exit(1);
        look("vfork, child");
        _exit(0);
    }
    must(pid, "vfork");
    look("vfork, parent");
    reap(pid, "vfork");

    pid = vfork();
    if (pid == 0) {
        look("vfork and exec, child before exec");
        execl(self, self, "inner", "vfork and exec", NULL);
        _exit(1);
    }
    must(pid, "vfork");
    reap(pid, "vfork and exec"); /* the parent goes on at exec: one of them has to wait */
    look("vfork and exec, parent");

    pid = vfork();
    if (pid == 0) {
        if (chdir("/proc") != 0)
            _exit(1);
        execl("/missing", "/missing", NULL);
        look("vfork and failed exec, child");
        _exit(0);
    }
    must(pid, "vfork");
    reap(pid, "vfork and failed exec");
}

static void after_exec(void) {
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        must(chdir("/proc"), "chdir");
        must(fcntl(SHARED_NUMBER, F_SETFD, FD_CLOEXEC), "FD_CLOEXEC");
        execl(self, self, "inner", "exec closed the number", NULL);
        die("exec");
    }
    reap(pid, "exec");
}

/* Threads share both, unless one of them asks for its own. */
static void *own_directory(void *unused) {
    (void)unused;
    must(unshare(CLONE_FS), "unshare(CLONE_FS)");
    must(chdir("/proc"), "chdir");
    look("thread with its own directory");
    turn_give(&to_parent);
    turn_wait(&to_child);
    look("thread with its own directory, later");
    return NULL;
}

static void *own_descriptors(void *unused) {
    (void)unused;
    must(unshare(CLONE_FILES), "unshare(CLONE_FILES)");
    int fd = open_or_die("/proc/version", O_RDONLY);
    must(dup2(fd, SHARED_NUMBER), "dup2");
    look("thread with its own descriptors");
    say_path("thread-self 650", "/proc/thread-self/fd/650");
    turn_give(&to_parent);
    turn_wait(&to_child);
    look("thread with its own descriptors, later");
    return NULL;
}

static void with_thread(void *(*body)(void *), const char *label) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, NULL) != 0)
        die("pthread_create");
    turn_wait(&to_parent);
    look(label);
    turn_give(&to_child);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "inner") == 0) {
        look(argv[2]);
        return 0;
    }
    make_sample_tree();
    turn_make(&to_child);
    turn_make(&to_parent);
    copy_self("self", 0755);
    self = absolute("self");
    home();
    with_fork();
    with_vfork();
    after_exec();
    with_clone("clone", 0);
    with_clone("CLONE_FS", CLONE_FS);
    with_clone("CLONE_FILES", CLONE_FILES);
    with_clone("CLONE_FS|CLONE_FILES", CLONE_FS | CLONE_FILES);
    with_clone("CLONE_VM", CLONE_VM);
    with_clone("CLONE_VM|CLONE_FS", CLONE_VM | CLONE_FS);
    with_clone("CLONE_VM|CLONE_FILES", CLONE_VM | CLONE_FILES);
    with_clone("CLONE_UNTRACED", CLONE_UNTRACED);
    with_thread(own_directory, "leader, thread has its own directory");
    with_thread(own_descriptors, "leader, thread has its own descriptors");
    return 0;
}
