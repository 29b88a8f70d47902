/* sticky - fs.protected_symlinks: in a sticky directory that all may write to, a symlink leads on
 * only if it belongs to whoever follows it or to the owner of the directory. Even root is bound. */
#include "subject.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MALLORY = 12321, NOBODY = 65534 };

static void look(void *context) {
    const uid_t *who = context;
    if (*who != 0)
        become(*who, NULL, 0);
    static const char *const directories[] = {"sticky", "plain", "theirs"};
    static const char *const names[] = {
        "by-root",       "by-mallory",           "by-nobody",
        "by-mallory/..", "dir-by-mallory/inner", "dir-by-nobody/inner",
        "file"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            char path[128], label[160];
            snprintf(path, sizeof path, "%s/%s", directories[i], names[j]);
            snprintf(label, sizeof label, "user %u: %s", (unsigned)*who, path);
            say_path(label, path);
            snprintf(label, sizeof label, "user %u: open %s", (unsigned)*who, path);
            say_open(label, path, O_RDONLY);
        }
}

static void fill(const char *directory, mode_t mode, uid_t owner) {
    char path[128];
    make_directory(directory, 0755);
    snprintf(path, sizeof path, "%s/file", directory);
    make_file(path, "");
    const struct {
        const char *name, *target;
        uid_t owner;
    } links[] = {
        {"by-root", "../target/file", 0},        {"by-mallory", "../target/file", MALLORY},
        {"by-nobody", "../target/file", NOBODY}, {"dir-by-mallory", "../target", MALLORY},
        {"dir-by-nobody", "../target", NOBODY},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, links[i].name);
        make_link(links[i].target, path);
        must(lchown(path, links[i].owner, links[i].owner), "lchown");
    }
    must(chown(directory, owner, owner), "chown");
    must(chmod(directory, mode), "chmod");
}

int main(void) {
    if (geteuid() != 0)
        not_applicable("only root can give files away");
    make_directory("target", 0755);
    make_file("target/file", "");
    make_file("target/inner", "");
    fill("sticky", 01777, 0);
    fill("plain", 0777, 0);
    fill("theirs", 01777, MALLORY);
    uid_t users[] = {0, MALLORY, NOBODY};
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        in_child(look, &users[i], "look");
    return 0;
}
