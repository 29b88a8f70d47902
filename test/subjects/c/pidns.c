/* pidns - another pid namespace: with the old /proc, with one of its own, as its init and not. */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look(const char *who) {
    static const char *const paths[] = {
        "tree/file",
        ".",
        "..",
        "/proc",
        "/proc/self",
        "/proc/self/cwd/tree/file",
        "/proc/self/fd/700",
        "/proc/self/fd/701/inner",
        "/proc/thread-self/cwd/tree/file",
        "/dev/fd/700",
        "own",
        "own/self",
        "own/self/cwd/tree/file",
        "own/self/fd/700",
        "own/self/fd/701/inner",
        "own/thread-self/cwd/tree/file",
        "own/1/cwd/tree/file",
        "own/1/fd/700",
        "own/2/fd/700",
        "own/3/fd/700",
        "own/self/root/proc",
        "own/self/fd/9999",
        "missing",
    };
    print("-- %s", who);
    say_paths(paths, sizeof paths / sizeof *paths);
    say_fd("descriptor 700", 700);
    say_fd("descriptor 701", 701);
}

static void *in_a_thread(void *context) {
    *(pid_t *)context = (pid_t)syscall(SYS_gettid);
    look("a thread of init");
    return NULL;
}

/* pthread_join() returns while the kernel still takes the thread apart: its number, which is asked
 * for below, may stand for it a little longer. No event tells when it does not any more. */
static void wait_until_gone(pid_t thread) {
    while (syscall(SYS_tgkill, getpid(), thread, 0) == 0)
        sched_yield();
}

static void child_of_init(void *unused) {
    (void)unused;
    must(dup2(open_or_die("/proc/version", O_RDONLY), 700), "dup2");
    must(chdir("tree/directory"), "chdir");
    print("-- child of init, pid %d", getpid());
    say_path("inner", "inner");
    say_path("tree/file", "tree/file");
    say_path("../../own/self/cwd/inner", "../../own/self/cwd/inner");
    say_path("../../own/1/cwd/inner", "../../own/1/cwd/inner");
    say_path("../../own/1/cwd/tree/file", "../../own/1/cwd/tree/file");
    say_path("/proc/self/cwd/inner", "/proc/self/cwd/inner");
    say_fd("descriptor 700 is another here", 700);
    say_path("own 700", "../../own/self/fd/700");
    say_path("init's 700", "../../own/1/fd/700");
}

static void init(void *unused) {
    (void)unused;
    look("init with the old /proc");
    private_mounts();
    must(mount("none", "own", "proc", 0, NULL), "mount proc");
    look("init with a /proc of its own");
    in_child(child_of_init, NULL, "child of init");
    pthread_t thread;
    pid_t number;
    if (pthread_create(&thread, NULL, in_a_thread, &number) != 0)
        die("pthread_create");
    pthread_join(thread, NULL);
    wait_until_gone(number);
    must(mount("none", "/proc", "proc", 0, NULL), "mount proc over /proc");
    look("init with a new /proc over the old one");
}

int main(void) {
    make_sample_tree();
    make_directory("own", 0755);
    must(dup2(open_or_die("tree/file", O_RDONLY), 700), "dup2");
    must(dup2(open_or_die("tree/directory", O_RDONLY), 701), "dup2");
    may(unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)");
    in_child(init, NULL, "init");
    look("outside, after all");
    return 0;
}
