/* paths - the ways to spell a path: relative, through symlinks, `..`, slashes, nothing at all. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void say_spelling(const char *path, const struct answer *answer) {
    char label[512];
    snprintf(label, sizeof label, "[%s]", path);
    say(label, answer);
}

static void spell(const char *path) {
    struct answer answer = ask_path(path);
    say_spelling(path, &answer);
}

/* Forty links are allowed, but with more than twenty of them Linux now and then says ELOOP,
 * natively as well: when somebody mounts something anywhere, its walk without locks begins anew,
 * and goes on counting where it was (6.18: 9 % of a million statfs of 40 links beside mount and
 * umount in a loop, 6 in 100,000 otherwise, none of 20 links). So it is asked again. */
static void spell_chain(const char *path) {
    struct answer answer = ask_path(path);
    for (int i = 0; i < 50 && answer.ret != 0 && answer.error == ELOOP; i++)
        answer = ask_path(path);
    say_spelling(path, &answer);
}

static void from_here(void) {
    static const char *const paths[] = {
        ".",
        "..",
        "./",
        "../",
        "/",
        "//",
        "///",
        "/.",
        "/..",
        "/../..",
        "",
        " ",
        "tree",
        "tree/",
        "tree//",
        "./tree/.",
        "tree/..",
        "tree/../tree",
        "tree/./file",
        "tree/file",
        "tree//file",
        "tree/file/",
        "tree/file/.",
        "tree/file/..",
        "tree/file/x",
        "tree/missing",
        "tree/missing/",
        "tree/missing/..",
        "tree/directory/../file",
        "tree/directory/deep/../../file",
        "tree/directory/./deep/.././inner",
        "tree/directory/deep/../../../tree/file",
        /* symlinks: relative, absolute, to directories, chains, dangling, loops */
        "tree/relative",
        "tree/relative/",
        "tree/absolute",
        "tree/absolute/",
        "tree/down",
        "tree/down/",
        "tree/down/bottom",
        "tree/down/..",
        "tree/down/../inner",
        "tree/down/../../file",
        "tree/directory/up",
        "tree/dangling",
        "tree/dangling/",
        "tree/dangling/x",
        "tree/loop-a",
        "tree/loop-b/x",
        "tree/self",
        "tree/self/",
        /* symlinks that leave the filesystem */
        "tree/to-proc",
        "tree/to-proc/version",
        "tree/to-proc/self",
        "tree/to-proc/..",
        "tree/to-proc/self/cwd",
        "tree/to-proc/self/cwd/tree/file",
        "tree/to-cwd",
        "tree/to-cwd/",
        "tree/to-cwd/tree/file",
        "tree/to-cwd/..",
        "tree/to-fd",
        "tree/to-fd/0",
        "tree/to-root",
        "tree/to-root/",
        /* what only looks like something known */
        "proc/self",
        "dev/fd/0",
        "tree/proc/self",
        "...",
        "....",
        "-",
        "~",
        "*",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        spell(paths[i]);
    spell_chain("tree/chain-39");
    spell_chain("tree/chain-40");
    spell_chain("tree/chain-41");
}

/* gVisor forgets what is mounted on the root directory after a link to it. What it then finds is
 * no other name of the same place. */
static void through_root(void) {
    struct answer straight = ask_path("/proc"), linked = ask_path("tree/to-root/proc");
    if (!same_answer(&straight, &linked)) {
        print("note a link to / loses sight of the mounts on it");
        return;
    }
    spell("tree/to-root/proc");
    spell("tree/to-root/../proc");
}

int main(void) {
    make_sample_tree();
    make_link("file", "tree/chain-1");
    for (int i = 2; i <= 41; i++) {
        char target[32], name[32];
        snprintf(target, sizeof target, "chain-%d", i - 1);
        snprintf(name, sizeof name, "tree/chain-%d", i);
        make_link(target, name);
    }
    print("-- from the directory above");
    from_here();
    through_root();

    print("-- absolute");
    say_path("file", absolute("tree/file"));
    say_path("directory with slash", absolute("tree/directory/"));
    say_path("parent", absolute("tree/directory/.."));
    say_path("link", absolute("tree/relative"));
    say_path("missing", absolute("tree/missing"));

    print("-- after chdir");
    must(chdir("tree/down"), "chdir through a symlink");
    spell("bottom");
    spell("..");
    spell("../inner");
    spell("../../file");
    spell("../../relative");
    spell("../up");
    must(chdir("/proc"), "chdir /proc");
    spell(".");
    spell("version");
    spell("self");
    spell("self/cwd");
    spell("..");
    spell("tree/file");
    return 0;
}
