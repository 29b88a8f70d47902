/* nondumpable - programs whose /proc entries and memory belong to root alone. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void look(const char *who) {
    char label[128];
    static const char *const paths[] = {
        "tree/file",
        ".",
        "..",
        "tree/relative",
        "tree/missing",
        "/proc",
        "/proc/self/cwd/tree/file",
        "/proc/self/fd/0",
        "/proc/self/exe",
        "/proc/self/status",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        snprintf(label, sizeof label, "%s: %s", who, paths[i]);
        say_path(label, paths[i]);
    }
    snprintf(label, sizeof label, "%s: descriptor", who);
    say_open(label, "tree/file", O_RDONLY);
    snprintf(label, sizeof label, "%s: descriptor of /proc", who);
    say_open(label, "/proc", O_RDONLY);
}

static void not_dumpable(void *unused) {
    (void)unused;
    must(prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
    look("not dumpable");
}

static void nobody_not_dumpable(void *unused) {
    (void)unused;
    become(NOBODY, NULL, 0);
    must(prctl(PR_SET_DUMPABLE, 0), "PR_SET_DUMPABLE");
    look("nobody, not dumpable");
}

/* A program that one may run but not read is not dumpable from its first instruction. gVisor wants
 * to read what it runs. */
static void not_readable(void *unused) {
    (void)unused;
    become(NOBODY, NULL, 0);
    execl("execute-only", "execute-only", "inner", NULL);
    if (errno != EACCES)
        die("exec");
    print("execute-only: exec errno=%d", errno);
    _exit(0);
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "inner") == 0) {
        print("dumpable %d", prctl(PR_GET_DUMPABLE));
        look("execute-only");
        return 0;
    }
    make_sample_tree();
    look("as started");
    in_child(not_dumpable, NULL, "not dumpable");
    if (geteuid() == 0) {
        copy_self("execute-only", 0111);
        in_child(nobody_not_dumpable, NULL, "nobody");
        in_child(not_readable, NULL, "execute-only");
    }
    return 0;
}
