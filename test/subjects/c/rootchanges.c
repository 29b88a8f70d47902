/* rootchanges WAY - asks, leaves for another root or mount namespace in the very same thread, and
 * asks the same again: what was found out about a thread must not outlive that. One way a program,
 * because after the first change of root nothing is taken for granted any more. */
#include "subject.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const char *point;

static void look(const char *when) {
    const char *const paths[] = {point, "/proc/version", "/proc/self/mountinfo", "/proc"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char label[128];
        snprintf(label, sizeof label, "%s: path %zu", when, i);
        say_path(label, paths[i]);
    }
}

static void cover(void) {
    may(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
    must(mount("/proc", point, NULL, MS_BIND | MS_REC, NULL), "bind /proc");
}

static void into_a_root(void) {
    make_directory("jail", 0755);
    make_directory("jail/proc", 0755);
    make_file("jail/proc/version", "not the kernel's\n");
    may(chroot("jail"), "chroot");
}

static void alone(void) {
    may(unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
    cover();
}

/* The other namespace is made by clone(2), so that setns(2) is the first who departs. */
static struct turn ready;

static int elsewhere(void *unused) {
    (void)unused;
    cover();
    look("who was born there");
    turn_give(&ready);
    pause();
    return 0;
}

static void to_another(void) {
    static char stack[256 << 10] __attribute__((aligned(16)));
    char name[64];
    turn_make(&ready);
    pid_t pid = (pid_t)may(clone(elsewhere, stack + sizeof stack, CLONE_NEWNS | SIGCHLD, NULL),
                           "clone(CLONE_NEWNS)");
    turn_wait_for(&ready, pid, "who was born elsewhere");
    snprintf(name, sizeof name, "/proc/%d/ns/mnt", (int)pid);
    int other = open_or_die(name, O_RDONLY);
    may(setns(other, CLONE_NEWNS), "setns");
    kill(pid, SIGKILL);
}

int main(int argc, char **argv) {
    const char *way = argc == 2 ? argv[1] : "";
    make_directory("point", 0755);
    point = absolute("point");
    look("before");
    look("before, once more");
    if (strcmp(way, "chroot") == 0)
        into_a_root();
    else if (strcmp(way, "unshare") == 0)
        alone();
    else if (strcmp(way, "setns") == 0)
        to_another();
    else
        die("which way?");
    look("after");
    return 0;
}
