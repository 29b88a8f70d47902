/* limits - paths at and over every limit, names that are not text, directories too deep to name. */
#include "subject.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* `length` bytes: as many "./" as fit (slashes where one is left over), then `name`. */
static char *padded(size_t length, const char *name) {
    size_t pad = length - strlen(name);
    char *path = malloc(length + 1);
    if (path == NULL)
        die("malloc");
    for (size_t i = 0; i < pad; i++)
        path[i] = i % 2 == 0 ? '.' : '/';
    if (pad % 2 == 1)
        path[pad - 1] = '/';
    memcpy(path + pad, name, strlen(name) + 1);
    return path;
}

static void long_paths(void) {
    static const size_t lengths[] = {255,  256,  1023, 1024, 4000, 4093, 4094,
                                     4095, 4096, 4097, 8191, 8192, 65536};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char label[64];
        snprintf(label, sizeof label, "%zu bytes", lengths[i]);
        say_path(label, padded(lengths[i], "tree/file"));
        snprintf(label, sizeof label, "%zu bytes, missing", lengths[i]);
        say_path(label, padded(lengths[i], "tree/none"));
    }
    for (int length = 253; length <= 258; length++) {
        char name[300], label[64];
        memset(name, 'n', (size_t)length);
        name[length] = '\0';
        if (length <= 255)
            make_file(name, "");
        snprintf(label, sizeof label, "component of %d", length);
        say_path(label, name);
        char below[400];
        snprintf(below, sizeof below, "%s/x", name);
        snprintf(label, sizeof label, "below a component of %d", length);
        say_path(label, below);
    }
}

static void strange_names(void) {
    static const char *const names[] = {
        "\xff\xfe\x80",     "caf\xc3\xa9", "cut\xc3",
        "\xed\xa0\x80",     "line\nbreak", "tab\tname",
        "back\\slash",      "quote\"'",    "\x01\x1b[31m",
        " leading",         "trailing ",   "percent%s%n",
        "\xf0\x9f\x90\xa7", ",",           "#hash",
        "a (deleted)",      "{}",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char label[64];
        make_directory(names[i], 0755);
        must(chdir(names[i]), "chdir into a strange name");
        make_file(names[i], "");
        snprintf(label, sizeof label, "strange %zu inside", i);
        say_path(label, names[i]);
        snprintf(label, sizeof label, "strange %zu here", i);
        say_path(label, ".");
        must(chdir(".."), "chdir back");
        snprintf(label, sizeof label, "strange %zu", i);
        say_path(label, names[i]);
        snprintf(label, sizeof label, "strange %zu, absolute", i);
        say_path(label, absolute(names[i]));
        snprintf(label, sizeof label, "strange %zu, descriptor", i);
        say_open(label, names[i], O_PATH);
    }
    say_path("strange and missing", "\xfe\xff missing");
}

/* A working directory whose absolute path is longer than any path may be. */
static void too_deep(void) {
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    int back = open_or_die(".", O_PATH | O_DIRECTORY);
    for (int i = 0; i < 25; i++) {
        make_directory(name, 0755);
        must(chdir(name), "chdir deeper");
    }
    make_file("bottom", "");
    say_path("deep .", ".");
    say_path("deep ..", "..");
    say_path("deep file", "bottom");
    say_path("deep, missing", "missing");
    say_path("deep, through cwd", "/proc/self/cwd/bottom");
    say_open("deep, descriptor", "bottom", O_RDONLY);
    int fd = open_or_die("bottom", O_PATH);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    say_path("deep, through its descriptor", link);
    must(fchdir(back), "fchdir");
}

int main(void) {
    make_sample_tree();
    long_paths();
    strange_names();
    too_deep();
    return 0;
}
