/* mountns - another mount namespace: what a path shows there is not what it shows outside. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void look(const char *when) {
    static const char *const paths[] = {
        "point",
        "point/",
        "point/.",
        "point/..",
        "point/below",
        "point/file",
        "point/version",
        ".",
        "..",
        "tree/file",
        "/",
        "/proc",
        "/proc/self/cwd/point",
        "/proc/self/root",
        "/proc/version",
        "/tmp",
    };
    print("-- %s", when);
    say_paths(paths, sizeof paths / sizeof *paths);
    say_path("absolute point", absolute("point"));
    say_path("absolute point/below", absolute("point/below"));
    say_open("descriptor of the point", "point", O_RDONLY | O_DIRECTORY);
    say_open("O_PATH of the point", "point", O_PATH);
}

static void layers(void) {
    int before = open_or_die("point", O_RDONLY | O_DIRECTORY);
    look("own namespace, nothing mounted");
    must(mount("none", "point", "tmpfs", 0, "size=1m"), "mount by a relative path");
    must(mkdir("point/below", 0755), "mkdir");
    make_file("point/file", "");
    look("tmpfs by a relative path");
    say_fd("descriptor from under the mount", before);
    must(fchdir(before), "fchdir");
    say_path("standing under the mount: .", ".");
    say_path("standing under the mount: file", "file");
    must(chdir(".."), "chdir ..");

    int covered = open_or_die("point", O_RDONLY | O_DIRECTORY);
    must(mount("/proc", absolute("point"), NULL, MS_BIND | MS_REC, NULL),
         "mount by an absolute path");
    look("proc over it by an absolute path");
    say_fd("descriptor of the covered tmpfs", covered);
    must(umount2("point", MNT_DETACH), "umount");
    look("proc taken away");

    must(chdir("point"), "chdir into the mount");
    must(umount2(".", MNT_DETACH), "umount of the working directory");
    say_path("standing in a detached mount: .", ".");
    say_path("standing in a detached mount: file", "file");
    say_path("standing in a detached mount: ..", "..");
    say_path("standing in a detached mount: below/..", "below/..");
    say_path("standing in a detached mount: /proc/self/cwd/below", "/proc/self/cwd/below");
    say_fd("descriptor of a detached mount", covered);
    must(fchdir(before), "fchdir");
    must(chdir(".."), "chdir ..");
    look("everything taken away");

    must(mount("/proc", "point", NULL, MS_BIND | MS_REC, NULL), "bind");
    look("bind of /proc");
    must(umount2("point", MNT_DETACH), "umount");
    must(mount("/sys", "point", NULL, MS_BIND | MS_REC, NULL), "bind of /sys");
    look("bind of /sys");
    must(umount2("point", MNT_DETACH), "umount");
}

static void new_root(void *unused) {
    (void)unused;
    private_mounts();
    must(mount("none", "point", "tmpfs", 0, "size=1m"), "tmpfs");
    must(chdir("point"), "chdir");
    make_directory("proc", 0755);
    make_directory("old", 0755);
    make_directory("only-here", 0755);
    make_link("/only-here", "link");
    must(mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL), "bind /proc");
    must(syscall(SYS_pivot_root, ".", "old"), "pivot_root");
    must(chdir("/"), "chdir /");
    print("-- pivot_root");
    static const char *const paths[] = {
        "/",
        "/..",
        "/proc",
        "/proc/self/root",
        "/proc/self/root/only-here",
        "/proc/self/cwd",
        "/only-here",
        "/link",
        "link",
        "/old",
        "/old/proc",
        "/tmp",
        "/dev",
        "only-here/..",
    };
    say_paths(paths, sizeof paths / sizeof *paths);
    must(umount2("/old", MNT_DETACH), "umount the old root");
    print("-- the old root is gone");
    say_paths(paths, sizeof paths / sizeof *paths);
}

static void *thread_of_its_own(void *context) {
    struct turn *turns = context;
    private_mounts(); /* CLONE_NEWNS brings CLONE_FS with it: only this thread moves */
    must(mount("/proc", "point", NULL, MS_BIND | MS_REC, NULL), "bind in a thread");
    look("a thread in a namespace of its own");
    turn_give(&turns[0]);
    turn_wait(&turns[1]);
    return NULL;
}

static void the_leader(void) {
    look("the leader stayed outside");
}

static void one_thread(void *unused) {
    (void)unused;
    beside_thread(thread_of_its_own, the_leader);
}

static void and_back(void *unused) {
    (void)unused;
    int home = open_or_die("/proc/self/ns/mnt", O_RDONLY);
    int here = open_or_die(".", O_PATH | O_DIRECTORY);
    private_mounts();
    must(mount("/proc", "point", NULL, MS_BIND | MS_REC, NULL), "bind");
    say_path("away", "point");
    say_path("away, /point", absolute("point"));
    char *path = absolute("point");
    if (setns(home, CLONE_NEWNS) != 0) {
        print("no way home: errno=%d", errno); /* it belongs to another user namespace */
        return;
    }
    say_path("home, by absolute path", path);
    must(fchdir(here), "fchdir");
    say_path("home, by relative path", "point");
}

static void layered(void *unused) {
    (void)unused;
    private_mounts();
    layers();
}

static void try_it(void *unused) {
    (void)unused;
    private_mounts();
}

int main(void) {
    in_child(try_it, NULL, "unshare");
    make_sample_tree();
    make_directory("point", 0755);
    make_file("point/file", "");
    look("at home");
    in_child(layered, NULL, "layers");
    in_child(one_thread, NULL, "one thread");
    in_child(and_back, NULL, "and back");
    in_child(new_root, NULL, "pivot_root");
    look("at home again");
    return 0;
}
