/* setuid - root becomes nobody, who runs a setuid-root program (a copy of this one). */
#include "subject.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void look(const char *who) {
    static const char *const paths[] = {"root-only/file", "root-only", "nobody-only/file",
                                        "tree/file",      "/proc",     "/proc/self/cwd/tree/file",
                                        "/proc/self/exe", "missing"};
    print("-- %s: real %u, effective %u, secure %lu", who, getuid(), geteuid(),
          getauxval(AT_SECURE));
    say_paths(paths, sizeof paths / sizeof *paths);
    say_open("descriptor", "tree/file", O_RDONLY);
}

static void as_nobody(void *context) {
    become(NOBODY, NULL, 0);
    look("nobody before");
    execl(context, context, "inner", NULL);
    die("exec");
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "inner") == 0) {
        look("after exec");
        must(seteuid(getuid()), "seteuid");
        look("privilege laid down");
        return 0;
    }
    if (geteuid() != 0)
        not_applicable("only root can make a setuid-root program");
    struct statvfs here;
    must(statvfs(".", &here), "statvfs");
    if (here.f_flag & ST_NOSUID)
        not_applicable("setuid bits mean nothing on this mount");
    make_sample_tree();
    make_directory("root-only", 0700);
    make_file("root-only/file", "");
    make_directory("nobody-only", 0700);
    make_file("nobody-only/file", "");
    must(chown("nobody-only", NOBODY, NOBODY), "chown");
    copy_self("setuid-root", 04755);
    copy_self("setgid-root", 02755);
    in_child(as_nobody, "./setuid-root", "setuid");
    in_child(as_nobody, "./setgid-root", "setgid");
    return 0;
}
