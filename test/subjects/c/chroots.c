/* chroots - the same path means something else inside: /proc, /dev and /tree are plain
 * directories there, and what is absolute in a symlink starts at the new root. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void make_jail(void) {
    make_directory("jail", 0755);
    make_directory("jail/proc", 0755);
    make_file("jail/proc/version", "not the kernel's\n");
    make_directory("jail/dev", 0755);
    make_directory("jail/inside", 0755);
    make_file("jail/inside/file", "");
    make_link("/inside", "jail/absolute");
    make_link("/inside/file", "jail/inside/to-file");
    make_link("../../../../inside", "jail/inside/up");
    make_link("/tree/file", "jail/outside");
    make_link("/proc/version", "jail/to-proc");
    make_directory("jail/inner", 0755);
    make_directory("jail/inner/core", 0755);
    make_link("/core", "jail/inner/to-core");
}

static void look(void) {
    static const char *const paths[] = {
        "/",
        "/..",
        "/../..",
        "/inside",
        "/inside/file",
        "/absolute",
        "/absolute/file",
        "/inside/to-file",
        "/inside/up",
        "/inside/up/file",
        "/inside/../../inside/file",
        "/outside",
        "/to-proc",
        "/proc",
        "/proc/version",
        "/proc/self",
        "/proc/self/root",
        "/dev",
        "/dev/null",
        "/dev/shm",
        "/tree",
        "/tree/file",
        "/sys",
        "/core",
        "/inner/core",
        "/inner/to-core",
        ".",
        "..",
        "inside/file",
        "tree/file",
        "../inside",
        "../tree/file",
        "proc/version",
        "",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char label[128];
        snprintf(label, sizeof label, "[%s]", paths[i]);
        say_path(label, paths[i]);
    }
}

static void inside(void *unused) {
    (void)unused;
    print("-- chroot and chdir");
    must(chroot("jail"), "chroot");
    must(chdir("/"), "chdir");
    look();
    must(chdir("/inside"), "chdir");
    say_path("from /inside: .", ".");
    say_path("from /inside: file", "file");
    say_path("from /inside: ../..", "../..");
    say_path("from /inside: ../../proc/version", "../../proc/version");
    print("-- a chroot in the chroot");
    must(chroot("/inner"), "chroot");
    look();
}

static void stands_outside(void *unused) {
    (void)unused;
    print("-- chroot without chdir: the working directory is outside");
    int tree = open_or_die("tree", O_RDONLY | O_DIRECTORY);
    int proc = open_or_die("/proc", O_RDONLY | O_DIRECTORY);
    must(chroot("jail"), "chroot");
    look();
    say_fd("descriptor from outside", tree);
    say_fd("descriptor of the real /proc", proc);
    must(fchdir(proc), "fchdir");
    print("-- working directory in the real /proc");
    say_path(".", ".");
    say_path("version", "version");
    say_path("self", "self");
    say_path("self/root/inside/file", "self/root/inside/file");
    say_path("self/root/tree/file", "self/root/tree/file");
    say_path("self/root/proc/version", "self/root/proc/version");
    say_path("self/root", "self/root");
    say_path("self/cwd/version", "self/cwd/version");
    say_path("self/fd/0/..", "self/fd/0/..");
    say_path("..", "..");
    say_path("/inside/file", "/inside/file");
}

static void *of_its_own(void *context) {
    struct turn *turns = context;
    must(unshare(CLONE_FS), "unshare(CLONE_FS)");
    must(chroot("jail"), "chroot");
    must(chdir("/inside"), "chdir");
    print("-- a thread with a root of its own");
    look();
    say_path("file", "file");
    turn_give(&turns[0]);
    turn_wait(&turns[1]);
    say_path("thread again: /inside/file", "/inside/file");
    say_path("thread again: file", "file");
    say_path("thread again: /tree/file", "/tree/file");
    return NULL;
}

static void the_leader(void) {
    print("-- the leader meanwhile");
    say_path("/proc/version", "/proc/version");
    say_path("/inside/file", "/inside/file");
    say_path("jail/inside/file", "jail/inside/file");
}

static void threads(void *unused) {
    (void)unused;
    beside_thread(of_its_own, the_leader);
}

static void try_it(void *unused) {
    (void)unused;
    may(chroot("/"), "chroot");
}

int main(void) {
    in_child(try_it, NULL, "chroot");
    make_sample_tree();
    make_jail();
    in_child(inside, NULL, "inside");
    in_child(stands_outside, NULL, "standing outside");
    in_child(threads, NULL, "threads");
    say_path("after all: jail/inside/file", "jail/inside/file");
    say_path("after all: /inside/file", "/inside/file");
    return 0;
}
