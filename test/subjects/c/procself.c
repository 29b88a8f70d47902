/* procself - magic links: they have to mean the process that asks, not the one that answers. */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A descriptor number that no supervisor happens to have as well. */
enum { HIGH = 777 };

static void with(const char *label, const char *format, long number) {
    char path[256];
    snprintf(path, sizeof path, format, number);
    say_path(label, path);
}

static void links(const char *who, const char *name) {
    char label[128];
    static const char *const tails[] = {
        "",
        "/",
        "/.",
        "/cwd",
        "/cwd/",
        "/cwd/.",
        "/cwd/..",
        "/cwd/tree/file",
        "/root",
        "/root/",
        "/root/proc",
        "/root/..",
        "/exe",
        "/exe/",
        "/fd",
        "/fd/777",
        "/fd/777/",
        "/fd/778",
        "/fd/778/inner",
        "/fd/778/..",
        "/fd/778/../file",
        "/fd/779",
        "/fd/780",
        "/fd/9999",
        "/fd/-1",
        "/fd/0777",
        "/fdinfo/777",
        "/fdinfo/9999",
        "/status",
        "/mountinfo",
        "/ns/mnt",
        "/task",
        "/map_files",
        "/attr/current",
        "/missing",
    };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s", who, tails[i]);
        snprintf(label, sizeof label, "%s%s", name, tails[i]);
        say_path(label, path);
    }
}

static void *in_a_thread(void *unused) {
    (void)unused;
    print("-- a thread that is not the leader");
    links("/proc/self", "/proc/self");
    links("/proc/thread-self", "/proc/thread-self");
    with("own task directory", "/proc/self/task/%ld", syscall(SYS_gettid));
    with("own task cwd", "/proc/self/task/%ld/cwd/tree/file", syscall(SYS_gettid));
    with("own task fd", "/proc/self/task/%ld/fd/777", syscall(SYS_gettid));
    with("tid as pid", "/proc/%ld/cwd/tree/file", syscall(SYS_gettid));
    return NULL;
}

static void other_process(void) {
    struct turn ready, done;
    turn_make(&ready);
    turn_make(&done);
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        must(chdir("/proc"), "chdir");
        must(dup2(open_or_die("/dev/null", O_RDONLY), HIGH), "dup2");
        turn_give(&ready);
        turn_wait(&done);
        _exit(0);
    }
    turn_wait_for(&ready, pid, "other process");
    print("-- another process");
    with("its cwd", "/proc/%ld/cwd", pid);
    with("its cwd has no tree", "/proc/%ld/cwd/tree/file", pid);
    with("its descriptor", "/proc/%ld/fd/777", pid);
    with("its directory", "/proc/%ld", pid);
    with("its task", "/proc/%ld/task", pid);
    turn_give(&done);
    reap(pid, "other process");
    with("a process that is gone", "/proc/%ld", pid);
}

int main(void) {
    make_sample_tree();
    must(dup2(open_or_die("tree/file", O_RDONLY), HIGH), "dup2");
    must(dup2(open_or_die("tree/directory", O_RDONLY), HIGH + 1), "dup2");
    must(dup2(open_or_die("/proc/version", O_RDONLY), HIGH + 2), "dup2");
    int ends[2];
    must(pipe(ends), "pipe");
    must(dup2(ends[0], HIGH + 3), "dup2");

    links("/proc/self", "/proc/self");
    links("/proc/thread-self", "/proc/thread-self");
    char own[64];
    snprintf(own, sizeof own, "/proc/%d", getpid());
    print("-- by number");
    links(own, "/proc/PID");
    print("-- names for descriptors");
    say_path("/dev/fd", "/dev/fd");
    say_path("/dev/fd/777", "/dev/fd/777");
    say_path("/dev/fd/778/inner", "/dev/fd/778/inner");
    say_path("/dev/fd/9999", "/dev/fd/9999");
    say_path("/dev/stdin", "/dev/stdin");
    say_path("/proc/mounts", "/proc/mounts");
    say_path("/proc/net", "/proc/net");
    say_path("/etc/mtab", "/etc/mtab");
    say_path("dot-dot through proc", "/proc/self/../self/cwd/tree/file");
    say_path("root then self", "/proc/self/root/proc/self/fd/777");
    say_path("relative to a descriptor link", "/proc/self/fd/778/../../tree/file");

    must(chdir("/proc/self"), "chdir");
    print("-- working directory in /proc/self");
    say_path("cwd is proc", "cwd");
    say_path("fd/777", "fd/777");
    say_path("../self/fd/777", "../self/fd/777");
    say_path("../version", "../version");
    must(chdir("/proc/self/fd"), "chdir");
    say_path("777", "777");
    say_path("9999", "9999");
    must(fchdir(HIGH + 1), "fchdir");
    say_path("inner", "inner");
    must(chdir("../.."), "chdir");

    other_process();
    pthread_t thread;
    if (pthread_create(&thread, NULL, in_a_thread, NULL) != 0)
        die("pthread_create");
    pthread_join(thread, NULL);
    return 0;
}
