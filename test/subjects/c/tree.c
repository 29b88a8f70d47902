/* tree.c - a small tree with every kind of name in it. */
#include "subject.h"

#include <sys/stat.h>

void make_sample_tree(void) {
    make_directory("tree", 0755);
    make_file("tree/file", "text\n");
    make_directory("tree/directory", 0755);
    make_file("tree/directory/inner", "inner\n");
    make_directory("tree/directory/deep", 0755);
    make_file("tree/directory/deep/bottom", "bottom\n");
    make_link("file", "tree/relative");
    make_link(absolute("tree/file"), "tree/absolute");
    make_link("directory/deep", "tree/down");
    make_link("../file", "tree/directory/up");
    make_link("missing", "tree/dangling");
    make_link("loop-b", "tree/loop-a");
    make_link("loop-a", "tree/loop-b");
    make_link("self", "tree/self");
    make_link("/proc", "tree/to-proc");
    make_link("/proc/self/cwd", "tree/to-cwd");
    make_link("/proc/self/fd", "tree/to-fd");
    make_link("/", "tree/to-root");
    must(mkfifo("tree/fifo", 0644), "mkfifo");
}
