/* changes CHANGE COUNT - asks COUNT times about files that only rules make, makes a change that
 * lets a path stand for something else, or keeps somebody out, and asks once more. The suite
 * compares with COUNT 0: what was found out before the change must not outlive it.
 *
 * In the working directory: above/place, where rules make `always`, and `lonely` only as long as
 * it is missing; and an empty `other`. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void ask(const char *name, bool says) {
    char text[64] = "", *path = absolute(name);
    struct stat info;
    int result = stat(path, &info), error = errno;
    int fd = open(path, O_RDONLY | O_CLOEXEC), open_error = errno;
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    free(path);
    if (fd >= 0)
        close(fd);
    if (!says)
        return;
    if (result != 0)
        print("stat %s errno=%d", name, error);
    else
        print("stat %s size=%lld", name, (long long)info.st_size);
    if (fd < 0)
        print("open %s errno=%d", name, open_error);
    else
        print("open %s [%.*s]", name, (int)strcspn(text, "\n"), length > 0 ? text : "");
}

static void ask_both(bool says) {
    ask("above/place/always", says);
    ask("above/place/lonely", says);
}

static void move(const char *from, const char *to) {
    must(rename(from, to), "rename");
}

static void put_file(const char *name) {
    make_file(name, "made by hand\n");
}

/* By calls that no rule is about. */
static void create(void) {
    put_file("other/file");
    must(link("other/file", "above/place/lonely"), "link");
}

static void move_in(void) {
    put_file("other/file");
    move("other/file", "above/place/lonely");
}

static void link_elsewhere(void) {
    put_file("other/file");
    make_link("../../other/file", "above/place/lonely");
}

static void move_directory(void) {
    move("above/place", "above/gone");
}

static void move_above(void) {
    move("above", "gone");
}

static void remove_directory(void) {
    must(rmdir("above/place"), "rmdir");
}

static void replace_directory(void) {
    put_file("other/lonely");
    move_directory();
    move("other", "above/place");
}

static void link_directory(void) {
    put_file("other/lonely");
    move_directory();
    make_link("../other", "above/place");
}

static void mount_over(void) {
    put_file("other/lonely");
    may(mount("other", "above/place", NULL, MS_BIND, NULL), "mount");
}

static void close_above(void) {
    must(chmod("above", 0), "chmod");
}

static void ask_aloud(void *unused) {
    (void)unused;
    become(65534, NULL, 0);
    ask_both(true);
}

/* Who asked before may search every directory, and this one may not. */
static void ask_as_another(void) {
    in_child(ask_aloud, NULL, "another user");
}

static void change_nothing(void) {}

static const struct {
    const char *name;
    void (*make)(void);
} changes[] = {
    {"nothing", change_nothing},
    {"file created", create},
    {"file moved in", move_in},
    {"link to elsewhere", link_elsewhere},
    {"directory moved", move_directory},
    {"directory above moved", move_above},
    {"directory removed", remove_directory},
    {"directory replaced", replace_directory},
    {"directory became a link", link_directory},
    {"mounted over", mount_over},
    {"directory above closed", close_above},
    {"another user", ask_as_another},
};

int main(int argc, char **argv) {
    must(argc == 3 ? 0 : -1, "usage: changes CHANGE COUNT");
    for (int i = 0; i < atoi(argv[2]); i++)
        ask_both(false);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (strcmp(changes[i].name, argv[1]) == 0) {
            changes[i].make();
            ask_both(true);
            return 0;
        }
    die("there is no such change");
}
