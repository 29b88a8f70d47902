/* names - a program may be called like a field of /proc/PID/status: gVisor writes the name there as
 * it is. It is none of its ids. */
#include "subject.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static int kept; /* opened by root */

static void look(void) {
    static const char *const paths[] = {
        "root-only/file", "open/file", "open/missing",    "/proc/self",
        "/proc/self/cwd", "/proc/1",   "/proc/self/fd/9", "/proc/thread-self/root"};
    say_paths(paths, sizeof paths / sizeof *paths);
    say_fd("descriptor from before", kept);
    say_open("opened", "open/file", O_RDONLY);
}

static void look_called(void *name) {
    must(prctl(PR_SET_NAME, name), "PR_SET_NAME");
    look();
    become(NOBODY, NULL, 0);
    look();
    must(prctl(PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE");
    look();
}

int main(void) {
    /* At most 15 bytes of each count. */
    static const char *const names[] = {
        "\nNSpid:x",          "\nNSpid:\t1",   "\nNStgid:x",        "\nNStgid:1",
        "\nNStgid:\t1",       "\nTgid:\t1",    "\nPid:\t1",         "\nUid:\t0 0 0 0",
        "\nGid:\t0\t0\t0\t0", "\nGroups:\t0",  "\nCapEff:ffffff",   "\nCapPrm:ffffff",
        "\nFDSize:1",         "\nSeccomp:\t1", "\nState:\tZ\nUid:", "\nSigIgn:ffffff"};
    make_directory("open", 0755);
    make_file("open/file", "");
    make_directory("root-only", 0700);
    make_file("root-only/file", "");
    kept = open_or_die("root-only/file", O_RDONLY);
    must(dup2(kept, 9), "dup2");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        print("-- name %zu", i);
        in_child(look_called, (void *)(uintptr_t)names[i], "child");
    }
    return 0;
}
