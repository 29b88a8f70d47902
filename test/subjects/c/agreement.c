/* agreement.c - asks every call that names a file by its path about files that a policy may name.
 *
 *   agreement tree real|ruled   makes files in the working directory: `real` has what `ruled` lacks
 *   agreement ask [UID]         asks about them, as another user if one is named, and prints lines
 *   agreement change            truncates the ones that may be, and asks again
 *   agreement root              the same as ask, of a few, with the directory as root
 *   agreement mixed             the same as ask, of some, with a real user other than the effective
 *   agreement namespace         who owns some, in a user namespace with other numbers
 *   agreement special           what no real file would say
 *
 * Inode, device and times are not printed, nor what only a filesystem knows (blocks, sizes of
 * directories). */
#include "path_calls.h"
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* ---- lines ---- */

static void say_result(const char *call, const char *path, long result) {
    print("%s %s ret=%ld errno=%d", call, path, result, result < 0 ? errno : 0);
}

/* Sizes and links of directories are the filesystem's. */
static void say_facts(const char *call, const char *path, struct facts facts) {
    bool directory = S_ISDIR(facts.mode);
    print("%s %s mode=%o links=%u uid=%u gid=%u size=%llu", call, path, facts.mode,
          directory ? 0 : facts.links, facts.uid, facts.gid, directory ? 0 : facts.size);
}

static void say_stat(const char *call, const char *path, long result, const struct raw_stat *info) {
    if (result != 0)
        say_result(call, path, result);
    else
        say_facts(call, path, facts_of(info));
}

static void say_statx(const char *call, int directory, const char *path, const char *label,
                      int flags) {
    struct statx info = {0};
    long result = CALL_STATX(directory, path, flags, STATX_BASIC_STATS, &info);
    const struct facts facts = {info.stx_mode, info.stx_nlink, info.stx_uid, info.stx_gid,
                                info.stx_size};
    if (result != 0)
        say_result(call, label, result);
    else
        say_facts(call, label, facts);
}

static void say_link(const char *call, const char *path, long length, const char *text) {
    if (length < 0)
        say_result(call, path, length);
    else
        print("%s %s %.*s", call, path, (int)length, text);
}

static void say_text(const char *path, const char *label) {
    char text[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    if (fd < 0)
        print("open %s errno=%d", label, errno);
    else if (got < 0)
        print("open %s read errno=%d", label, errno);
    else
        print("open %s %.*s", label, (int)strcspn(text, "\n"), text);
    if (fd >= 0)
        close(fd);
}

/* ---- questions ---- */

static void ask_stats(int directory, const char *path, const char *label) {
    struct raw_stat info;
    if (directory == AT_FDCWD) {
        say_stat("stat", label, CALL_STAT(path, &info), &info);
        say_stat("lstat", label, CALL_LSTAT(path, &info), &info);
    }
    say_stat("fstatat", label, CALL_FSTATAT(directory, path, &info, 0), &info);
    say_stat("fstatat-nofollow", label, CALL_FSTATAT(directory, path, &info, AT_SYMLINK_NOFOLLOW),
             &info);
    say_stat("fstatat-noautomount", label, CALL_FSTATAT(directory, path, &info, AT_NO_AUTOMOUNT),
             &info);
    say_stat("fstatat-empty", label, CALL_FSTATAT(directory, path, &info, AT_EMPTY_PATH), &info);
    say_statx("statx", directory, path, label, 0);
    say_statx("statx-nofollow", directory, path, label, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC);
}

static void ask_rights(int directory, const char *path, const char *label) {
    char call[64];
    for (int mode = 0; mode <= 7; mode++) {
        if (directory == AT_FDCWD) {
            snprintf(call, sizeof call, "access-%d", mode);
            say_result(call, label, CALL_ACCESS(path, mode));
        }
        snprintf(call, sizeof call, "faccessat-%d", mode);
        say_result(call, label, CALL_FACCESSAT(directory, path, mode));
        snprintf(call, sizeof call, "faccessat2-%d", mode);
        say_result(call, label, CALL_FACCESSAT2(directory, path, mode, AT_EACCESS));
    }
    say_result("faccessat2-nofollow", label,
               CALL_FACCESSAT2(directory, path, R_OK, AT_SYMLINK_NOFOLLOW));
}

static void ask_links(int directory, const char *path, const char *label) {
    char text[256];
    if (directory == AT_FDCWD)
        say_link("readlink", label, CALL_READLINK(path, text, sizeof text), text);
    say_link("readlinkat", label, CALL_READLINKAT(directory, path, text, sizeof text), text);
    say_link("readlinkat-short", label, CALL_READLINKAT(directory, path, text, 3), text);
}

static void ask(int directory, const char *path, const char *label) {
    ask_stats(directory, path, label);
    ask_rights(directory, path, label);
    ask_links(directory, path, label);
    if (directory == AT_FDCWD) {
        struct answer answer = ask_path(path);
        say_result("statfs", label, answer.ret < 0 ? (errno = answer.error, -1) : 0);
        say_text(path, label);
    }
}

/* What the kernel refuses whatever the path is, or because of the buffer. */
static void ask_wrongly(const char *path) {
    struct raw_stat info;
    struct statx more;
    char text[16];
    int file = open("plain/bystander", O_RDONLY | O_CLOEXEC);
    say_stat("fstatat-unknown", path, CALL_FSTATAT(AT_FDCWD, path, &info, 0x10), &info);
    say_result("statx-unknown", path, CALL_STATX(AT_FDCWD, path, 0x10, STATX_BASIC_STATS, &more));
    say_result("statx-both", path, CALL_STATX(AT_FDCWD, path, 0x6000, STATX_BASIC_STATS, &more));
    say_result("statx-reserved", path, CALL_STATX(AT_FDCWD, path, 0, 0x80000000U, &more));
    say_result("access-wrong", path, CALL_ACCESS(path, 8));
    say_result("faccessat2-unknown", path, CALL_FACCESSAT2(AT_FDCWD, path, R_OK, 0x10));
    say_link("readlink-nothing", path, CALL_READLINK(path, text, 0), text);
    say_result("truncate-negative", path, CALL_TRUNCATE(path, -1L));
#ifndef SUBJECT_LIBC
    /* libc may look at the structure itself. */
    say_result("stat-null", path, CALL_FSTATAT(AT_FDCWD, path, NULL, 0));
    say_result("statx-null", path, CALL_STATX(AT_FDCWD, path, 0, STATX_BASIC_STATS, NULL));
#endif
    say_stat("fstatat-closed", path, CALL_FSTATAT(-1, path, &info, 0), &info);
    say_stat("fstatat-file", path, CALL_FSTATAT(file, path, &info, 0), &info);
    say_stat("fstatat-of-file", path, CALL_FSTATAT(file, "", &info, AT_EMPTY_PATH), &info);
    close(file);
}

static const char *const names[] = {
    "plain/content",
    "plain/over",
    "plain/kept",
    "plain/program",
    "plain/secret",
    "plain/missing",
    "plain/present",
    "plain/generated",
    "plain/rewritten",
    "plain/redirected",
    "plain/nowhere",
    "plain/bystander",
    "plain/no-such-file",
    /* invented directories, and what lies in them */
    "made",
    "made/up",
    "made/up/deep",
    "made/up/other",
    /* a redirected tree */
    "tree",
    "tree/a",
    "tree/sub",
    "tree/sub/b",
    "tree/both",
    "tree/hidden",
    /* spellings */
    "./plain/./content",
    "plain//content",
    "plain/../plain/over",
    "tree/both/../../plain/content",
    "links/../plain/content",
    "plain/over/",
    "plain/content/",
    "plain/over/below",
    "plain/redirected/",
    "tree/.",
    "tree/sub/",
    "made/up/",
    "made/up/.",
    /* through links of the same name */
    "links/content",
    "links/plain/content",
    "links/plain/over",
    "links/redirected",
};

static void ask_all(void) {
    int plain = open_or_die("plain", O_RDONLY | O_DIRECTORY);
    int links = open_or_die("links", O_PATH | O_DIRECTORY);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ask(AT_FDCWD, names[i], names[i]);
    ask(plain, "content", "[plain]/content");
    ask(plain, "../plain/over", "[plain]/../plain/over");
    ask(links, "content", "[links]/content");
    ask(links, "plain/kept", "[links]/plain/kept");
    ask(AT_FDCWD, absolute("plain/content"), "/.../plain/content");
    ask(links, absolute("plain/content"), "[links] /.../plain/content");
    ask_wrongly("plain/content");
    ask_wrongly("plain/bystander");
    if (chdir("plain") != 0)
        die("chdir");
    ask(AT_FDCWD, "content", "(plain) content");
    ask(AT_FDCWD, "../links/content", "(plain) ../links/content");
}

static void change(const char *path, long length) {
    char label[64];
    snprintf(label, sizeof label, "truncate-%ld", length);
    say_result(label, path, CALL_TRUNCATE(path, length));
    say_text(path, path);
    say_statx("statx", AT_FDCWD, path, path, 0);
}

static void change_all(void) {
    change("plain/kept", 3);
    change("plain/kept", 10);
    change("plain/kept", 0);
    change("plain/redirected", 4);
    change("tree/sub/b", 1);
    change("tree", 0);
    change("made/up", 0);
    change("plain/nowhere", 0);
    change("plain/kept/", 0);
}

static const char *const owned[] = {"plain/content",    "plain/kept",      "plain/secret",
                                    "plain/redirected", "plain/bystander", "made/up",
                                    "tree/sub/b",       "plain/program"};

static void ask_mixed(void) {
    may(setresuid(65534, 0, 0), "setresuid");
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        ask_rights(AT_FDCWD, owned[i], owned[i]);
}

/* User 0 is called 5 there, and no group has a number. */
static void ask_in_namespace(void) {
    may(unshare(CLONE_NEWUSER), "unshare");
    int map = open_or_die("/proc/self/uid_map", O_WRONLY);
    may(write(map, "5 0 1\n", 6), "uid_map");
    close(map);
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        ask_stats(AT_FDCWD, owned[i], owned[i]);
}

/* The same file by its path and by a descriptor? */
static void compare(const char *path) {
    struct stat by_path = {0}, by_descriptor = {0};
    struct statfs here = {0}, there = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &by_descriptor) != 0 || stat(path, &by_path) != 0 ||
        statfs(path, &here) != 0 || fstatfs(fd, &there) != 0) {
        print("compare %s errno=%d", path, errno);
    } else {
        print("compare %s inode %s, type %s", path,
              by_path.st_ino == by_descriptor.st_ino && by_path.st_dev == by_descriptor.st_dev
                  ? "same"
                  : "other",
              here.f_type == there.f_type ? "same" : "other");
    }
    if (fd >= 0)
        close(fd);
}

static void special(void) {
    change("plain/refused", 3);
    change("plain/discarded", 3);
    change("plain/longer", 3);
    compare("plain/content");
    compare("plain/redirected");
    compare("plain/typed");
    compare("plain/rewritten");
    compare("plain/longer");
    struct answer typed = ask_path("plain/typed");
    print("type plain/typed 0x%lx", (unsigned long)typed.fs.f_type);
    become(65534, NULL, 0);
    change("plain/refused", 3);
    change("plain/discarded", 3);
}

/* ---- trees ---- */

static void make_with_mode(const char *path, const char *text, mode_t mode) {
    make_file(path, text);
    must(chmod(path, mode), path);
}

static void make_tree(const char *directory) {
    char path[256];
    make_directory(directory, 0755);
    snprintf(path, sizeof path, "%s/a", directory);
    make_with_mode(path, "a\n", 0644);
    snprintf(path, sizeof path, "%s/sub", directory);
    make_directory(path, 0750);
    snprintf(path, sizeof path, "%s/sub/b", directory);
    make_with_mode(path, "bbb\n", 0600);
    snprintf(path, sizeof path, "%s/both", directory);
    make_directory(path, 0755);
}

static void make_common(void) {
    make_directory("plain", 0755);
    make_directory("links", 0755);
    make_with_mode("plain/bystander", "here\n", 0644);
    make_with_mode("plain/present", "present\n", 0640);
    make_link("../plain/content", "links/content");
    make_link("../plain/over", "links/over");
    make_link("../plain/redirected", "links/redirected");
    make_link("../plain", "links/plain");
}

static void make_real(void) {
    char zeros[2 * 4096] = "0";
    for (long i = 1; i < sysconf(_SC_NPROCESSORS_ONLN) && i < 4000; i++)
        strcat(zeros, " 0");
    strcat(zeros, "\n");
    make_common();
    make_with_mode("plain/content", "content\n", 0444);
    make_with_mode("plain/over", "over\n", 0444);
    make_with_mode("plain/kept", "kept\n", 0644);
    make_with_mode("plain/program", "#!/bin/true\n", 0755);
    make_with_mode("plain/secret", "secret\n", 0400);
    make_with_mode("plain/missing", "missing\n", 0444);
    make_with_mode("plain/generated", zeros, 0444);
    make_with_mode("plain/rewritten", "AAAA\n", 0644);
    make_with_mode("plain/redirected", "target\n", 0640);
    make_tree("tree");
    make_directory("made", 0755);
    make_directory("made/up", 0755);
    make_with_mode("made/up/deep", "deep\n", 0444);
    must(chmod("made/up", 0555), "made/up");
    must(chmod("made", 0555), "made");
}

/* What stands there in place of it, and what the redirects lead to. */
static void make_ruled(void) {
    make_common();
    make_with_mode("plain/over", "something else\n", 0600);
    make_with_mode("plain/rewritten", "BBBB\n", 0644);
    make_with_mode("plain/longer", "B\n", 0644);
    make_directory("tree", 0755);
    make_directory("tree/both", 0755);
    make_with_mode("tree/hidden", "hidden\n", 0644);
    make_directory("target", 0755);
    make_with_mode("target/file", "target\n", 0640);
    make_tree("target/tree");
}

static void ask_in_root(void) {
    static const char *const inside[] = {"/plain/content", "/links/content", "/plain/bystander",
                                         "/../plain/content"};
    may(chroot("."), "chroot");
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        ask(AT_FDCWD, inside[i], inside[i]);
}

static const struct {
    const char *word;
    void (*run)(void);
} words[] = {
    {"ask", ask_all},         {"change", change_all},          {"root", ask_in_root},
    {"mixed", ask_mixed},     {"namespace", ask_in_namespace}, {"special", special},
    {"tree real", make_real}, {"tree ruled", make_ruled},
};

int main(int argc, char **argv) {
    char word[32];
    bool makes = argc > 2 && strcmp(argv[1], "tree") == 0;
    snprintf(word, sizeof word, "%s%s%s", argc > 1 ? argv[1] : "", makes ? " " : "",
             makes ? argv[2] : "");
    umask(0);
    if (argc > 2 && !makes)
        become((uid_t)atoi(argv[2]), NULL, 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i].word) == 0) {
            words[i].run();
            return 0;
        }
    }
    errno = EINVAL;
    die("a word that says what to do");
}
