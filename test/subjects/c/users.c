/* users - EACCES stays EACCES: whoever asks must be able to search the path himself, with his own
 * user, groups and capabilities, which one thread may have for itself. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, OTHER = 12321, TEAM = 12345 };

static int kept; /* opened by root: no search is needed to ask about it */

static void make_rooms(void) {
    const struct {
        const char *name;
        mode_t mode;
        uid_t owner;
        gid_t group;
    } rooms[] = {
        {"root-only", 0700, 0, 0},
        {"nobody-only", 0700, NOBODY, NOBODY},
        {"team", 0750, 0, TEAM},
        {"not-team", 0705, 0, TEAM},
        {"search-only", 0711, 0, 0},
        {"list-only", 0744, 0, 0},
        {"owner-shut-out", 0077, NOBODY, 0},
        {"nothing", 0000, 0, 0},
    };
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        char path[128];
        make_directory(rooms[i].name, 0755);
        snprintf(path, sizeof path, "%s/file", rooms[i].name);
        make_file(path, "");
        must(chmod(path, 0600), path);
        snprintf(path, sizeof path, "%s/room", rooms[i].name);
        make_directory(path, 0755);
        may(chown(rooms[i].name, rooms[i].owner, rooms[i].group), "chown to other users");
        must(chmod(rooms[i].name, rooms[i].mode), "chmod");
    }
    make_link("root-only/file", "to-root-only");
    make_link("nobody-only/file", "to-nobody-only");
    make_link("team/room", "to-team");
}

static void look(const char *who) {
    static const char *const rooms[] = {"root-only",   "nobody-only", "team",           "not-team",
                                        "search-only", "list-only",   "owner-shut-out", "nothing"};
    print("-- %s", who);
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        static const char *const tails[] = {
            "", "/", "/.", "/..", "/file", "/missing", "/room/../file", "/file/x"};
        for (size_t j = 0; j < sizeof tails / sizeof *tails; j++) {
            char path[128];
            snprintf(path, sizeof path, "%s%s", rooms[i], tails[j]);
            say_path(path, path);
        }
    }
    say_path("to-root-only", "to-root-only");
    say_path("to-nobody-only", "to-nobody-only");
    say_path("to-team", "to-team");
    say_path("absolute", absolute("nobody-only/file"));
    say_path("absolute, closed", absolute("root-only/file"));
    say_fd("descriptor from before", kept);
    say_path("its link", "/proc/self/fd/800");
    say_path("up from its link", "/proc/self/fd/800/..");
    say_path("own root", "/proc/self/root");
    say_path("exe of init", "/proc/1/exe");
    say_path("root of init", "/proc/1/root");
}

static void as_nobody(void *unused) {
    (void)unused;
    become(NOBODY, NULL, 0);
    look("nobody");
    must(prctl(PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE");
    look("nobody, dumpable again");
}

static void as_member(void *unused) {
    (void)unused;
    const gid_t groups[] = {7, TEAM, 9};
    become(NOBODY, groups, 3);
    look("nobody with supplementary groups");
}

static void as_other(void *unused) {
    (void)unused;
    become(OTHER, NULL, 0);
    look("another user");
}

static void as_effective(void *unused) {
    (void)unused;
    must(setegid(NOBODY), "setegid");
    must(seteuid(NOBODY), "seteuid");
    look("nobody is only the effective user");
    must(seteuid(0), "seteuid back");
    look("root again");
}

static void as_real(void *unused) {
    (void)unused;
    must(setresuid(NOBODY, 0, 0), "setresuid");
    look("nobody is only the real user");
}

static void as_fsuid(void *unused) {
    (void)unused;
    setfsuid(NOBODY);
    setfsgid(NOBODY);
    look("nobody is only the filesystem user");
}

static void drop_capabilities(unsigned long long drop) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    must(syscall(SYS_capget, &header, data), "capget");
    for (int i = 0; i < 2; i++) {
        uint32_t bits = ~(uint32_t)(drop >> (32 * i));
        data[i].effective &= bits;
        data[i].permitted &= bits;
    }
    must(syscall(SYS_capset, &header, data), "capset");
}

static void as_weak_root(void *unused) {
    (void)unused;
    drop_capabilities(1ull << CAP_DAC_OVERRIDE);
    look("root without CAP_DAC_OVERRIDE");
    drop_capabilities(1ull << CAP_DAC_READ_SEARCH);
    look("root without CAP_DAC_READ_SEARCH either");
    drop_capabilities(~0ull);
    look("root without any capability");
}

static void as_strong_nobody(void *unused) {
    (void)unused;
    must(prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS");
    must(setgroups(0, NULL), "setgroups");
    must(setresgid(NOBODY, NOBODY, NOBODY), "setresgid");
    must(setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
    look("nobody, capabilities only permitted");
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    must(syscall(SYS_capget, &header, data), "capget");
    data[0].effective = 1u << CAP_DAC_READ_SEARCH;
    data[1].effective = 0;
    must(syscall(SYS_capset, &header, data), "capset");
    look("nobody with CAP_DAC_READ_SEARCH");
}

/* Standing in a directory that one may not search. */
static void shut_in(void *unused) {
    (void)unused;
    must(chdir("root-only"), "chdir");
    become(NOBODY, NULL, 0);
    print("-- nobody inside root-only");
    say_path(".", ".");
    say_path("..", "..");
    say_path("file", "file");
    say_path("../nobody-only/file", "../nobody-only/file");
    say_path("/proc/self/cwd", "/proc/self/cwd");
    say_path("/proc/self/cwd/file", "/proc/self/cwd/file");
    say_path("empty", "");
}

static void *thread_as_nobody(void *context) {
    struct turn *turns = context;
    must(syscall(SYS_setgroups, 0, NULL), "setgroups");
    must(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY), "setresgid");
    must(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY), "setresuid");
    look("one thread is nobody");
    turn_give(&turns[0]);
    turn_wait(&turns[1]);
    return NULL;
}

static void the_leader(void) {
    look("the leader is still root");
}

static void one_thread(void *unused) {
    (void)unused;
    beside_thread(thread_as_nobody, the_leader);
}

int main(void) {
    if (geteuid() != 0)
        not_applicable("only root can become others");
    make_rooms();
    int fd = open_or_die("root-only/room", O_RDONLY | O_DIRECTORY);
    kept = (int)must(dup2(fd, 800), "dup2");
    look("root");
    in_child(as_nobody, NULL, "nobody");
    in_child(as_member, NULL, "member");
    in_child(as_other, NULL, "other");
    in_child(as_effective, NULL, "effective");
    in_child(as_real, NULL, "real");
    in_child(as_fsuid, NULL, "fsuid");
    in_child(as_weak_root, NULL, "weak root");
    in_child(as_strong_nobody, NULL, "strong nobody");
    in_child(shut_in, NULL, "shut in");
    in_child(one_thread, NULL, "one thread");
    return 0;
}
