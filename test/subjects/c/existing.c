/* existing DIRECTORY - walks what is already there (it may be read-only): names in order, each
 * asked for by every spelling that needs nothing to be made. */
#include "subject.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_MOST = 60 };

static int wanted(const struct dirent *entry) {
    /* Processes come and go between two runs. */
    return entry->d_name[0] != '.' && !isdigit((unsigned char)entry->d_name[0]);
}

static void one(const char *top, const char *name) {
    char path[1024], label[1100];
    snprintf(path, sizeof path, "%s/%s", top, name);
    say_path(path, path);
    snprintf(label, sizeof label, "%s, O_PATH", path);
    say_open(label, path, O_PATH);
    snprintf(label, sizeof label, "%s, O_PATH|O_NOFOLLOW", path);
    say_open(label, path, O_PATH | O_NOFOLLOW);
    snprintf(label, sizeof label, "%s, as directory", path);
    say_open(label, path, O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "%s/%s/..", top, name);
    say_path(path, path);
    snprintf(path, sizeof path, "%s/%s/.", top, name);
    say_path(path, path);
    snprintf(path, sizeof path, "%s/%s/no such name", top, name);
    say_path(path, path);
    snprintf(path, sizeof path, "/proc/self/root%s/%s", top, name);
    say_path(path, path);
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: existing DIRECTORY");
    const char *top = strcmp(argv[1], "/") == 0 ? "" : argv[1];
    struct dirent **entries;
    int count = (int)must(scandir(argv[1], &entries, wanted, alphasort), "scandir");
    if (count > AT_MOST)
        count = AT_MOST;
    say_path("directory", argv[1]);
    say_open("directory, descriptor", argv[1], O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < count; i++)
        one(top, entries[i]->d_name);

    must(chdir(argv[1]), "chdir");
    print("-- from inside");
    say_path(".", ".");
    say_path("..", "..");
    say_path("/proc/self/cwd", "/proc/self/cwd");
    for (int i = 0; i < count; i++) {
        say_path(entries[i]->d_name, entries[i]->d_name);
        char path[1024];
        snprintf(path, sizeof path, "/proc/self/cwd/%s", entries[i]->d_name);
        say_path(path, path);
    }
    return 0;
}
