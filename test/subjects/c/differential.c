/* differential SEED [TREE] - thousands of random calls on a random tree; the same seed asks the
 * same questions. With TREE the tree is there already (made by `differential make SEED` in that
 * directory) and nothing is written. Work goes in sessions, each in a forked child that may move,
 * give up root or chroot for good. */
#include "subject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SESSIONS = 40,
    STEPS = 150,
    NODES = 200,
    ALL_NODES = 400,
    NAMES = 8,
    SLOTS = 12,
    FIRST_SLOT = 400
};
enum { NOBODY = 65534, OTHER = 12321, TEAM = 12345 };

static const char *const names[NAMES] = {"a",        "b",    "c",   "d", "long name with spaces",
                                         "\xff\xfe", "proc", "self"};
static char *top; /* absolute path of the tree */
static struct dice dice;

struct node {
    char path[512];
};
static struct node directories[NODES], nodes[ALL_NODES];
static uint32_t node_count;
static uint32_t directory_count;

static int alphasort_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static const char *pick_directory(void) {
    return directories[roll(&dice, directory_count)].path;
}

/* A symlink's target: relative with a few `..`, absolute into the tree, or somewhere else. */
static void random_target(char *target, size_t size) {
    static const char *const elsewhere[] = {
        "/proc", "/proc/self/cwd",    "/",       "/dev/null",
        "/sys",  "/proc/self/fd/400", "missing", "/proc/thread-self"};
    switch (roll(&dice, 5)) {
    case 0:
        snprintf(target, size, "%s", elsewhere[roll(&dice, 8)]);
        break;
    case 1:
        snprintf(target, size, "%s/%s", top, pick_directory());
        break;
    case 2:
        snprintf(target, size, "../%s", names[roll(&dice, NAMES)]);
        break;
    case 3:
        snprintf(target, size, "../../%s/%s", names[roll(&dice, NAMES)], names[roll(&dice, NAMES)]);
        break;
    default:
        snprintf(target, size, "%s", names[roll(&dice, NAMES)]);
    }
}

static void make_random_tree(void) {
    static const mode_t modes[] = {0755, 0755, 0755, 0711, 0700, 0750, 0705, 0000, 01777, 0444};
    static const uid_t owners[] = {0, 0, 0, NOBODY, OTHER};
    snprintf(directories[0].path, sizeof directories[0].path, ".");
    directory_count = 1;
    for (int i = 0; i < NODES; i++) {
        char path[1024], target[1024];
        const char *parent = pick_directory();
        if (snprintf(path, sizeof path, "%s/%s", parent, names[roll(&dice, NAMES)]) > 300)
            continue;
        switch (roll(&dice, 6)) {
        case 0:
        case 1:
        case 2:
            if (directory_count < NODES && mkdir(path, 0755) == 0)
                memcpy(directories[directory_count++].path, path, 512);
            break;
        case 3:
            if (mknod(path, S_IFREG | 0644, 0) != 0 && errno != EEXIST)
                die("mknod");
            break;
        case 4:
            if (mkfifo(path, 0644) != 0 && errno != EEXIST)
                die("mkfifo");
            break;
        default:
            random_target(target, sizeof target);
            if (symlink(target, path) != 0 && errno != EEXIST)
                die("symlink");
            if (geteuid() == 0)
                must(lchown(path, owners[roll(&dice, 5)], 0), "lchown");
        }
    }
    /* Modes come last: until then we have to get through ourselves. */
    for (uint32_t i = directory_count; i-- > 1;) {
        uid_t owner = owners[roll(&dice, 5)];
        gid_t group = roll(&dice, 3) == 0 ? TEAM : 0;
        mode_t mode = modes[roll(&dice, 10)];
        if (geteuid() == 0)
            must(chown(directories[i].path, owner, group), "chown");
        must(chmod(directories[i].path, mode), "chmod");
    }
}

/* Every name that is really there, in one order on every machine. */
static void collect(const char *directory) {
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort_bytes);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || node_count == ALL_NODES)
            continue;
        char *path = nodes[node_count].path;
        if (snprintf(path, sizeof nodes->path, "%s/%s", directory, name) >= (int)sizeof nodes->path)
            continue;
        node_count++;
        if (entries[i]->d_type == DT_DIR)
            collect(path);
    }
}

/* A path that exists, spelled in one of many ways. */
static void real_path(char *path, size_t size) {
    static const char *const prefixes[] = {
        "/proc/self/cwd/", "/proc/thread-self/cwd/", "../", "", "", ""};
    static const char *const tails[] = {"", "", "", "", "", "/", "/.", "/..", "/../a", "//", "/x"};
    const char *node = nodes[roll(&dice, node_count)].path + strlen("./");
    size_t used = 0;
    if (roll(&dice, 2))
        used = (size_t)snprintf(path, size, "%s/", top);
    else
        used = (size_t)snprintf(path, size, "%s", prefixes[roll(&dice, 6)]);
    used += (size_t)snprintf(path + used, size - used, "%s", node);
    snprintf(path + used, size - used, "%s", tails[roll(&dice, 11)]);
}

static void random_path(char *path, size_t size) {
    static const char *const prefixes[] = {"/proc/self/cwd/",
                                           "/proc/self/root/",
                                           "/proc/thread-self/cwd/",
                                           "./",
                                           "../",
                                           "/",
                                           "//",
                                           "/proc/",
                                           "/proc/self/",
                                           "/dev/"};
    size_t used = 0;
    path[0] = '\0';
    if (node_count > 0 && roll(&dice, 100) < 65) {
        real_path(path, size);
        return;
    }
    uint32_t parts = 1 + roll(&dice, 4);
    switch (roll(&dice, 9)) {
    case 0:
        used = (size_t)snprintf(path, size, "%s/", top);
        break;
    case 1:
        used = (size_t)snprintf(path, size, "%s", prefixes[roll(&dice, 10)]);
        break;
    case 2:
    case 3:
        used = (size_t)snprintf(path, size, "/%s/fd/%u/",
                                roll(&dice, 2) ? "proc/self" : "proc/thread-self",
                                FIRST_SLOT + roll(&dice, SLOTS));
        parts = roll(&dice, 4);
        break;
    case 4:
        used = (size_t)snprintf(path, size, "/dev/fd/%u", FIRST_SLOT + roll(&dice, SLOTS));
        parts = 0;
        break;
    case 5:
        parts = 0; /* the empty path */
        break;
    }
    for (; parts > 0 && used + 64 < size; parts--) {
        const char *part = names[roll(&dice, NAMES)];
        uint32_t odd = roll(&dice, 12);
        if (odd < 3)
            part = "..";
        else if (odd == 3)
            part = ".";
        else if (odd == 4)
            part = "missing";
        used += (size_t)snprintf(path + used, size - used, "%s%s", part,
                                 roll(&dice, 10) == 0     ? "//"
                                 : parts == 1 && odd != 5 ? ""
                                                          : "/");
    }
}

static void printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text >= 0x7f || *text < ' ')
            *text = '?';
}

static int move_to(const char *path) {
    int ret = chdir(path);
    print("    chdir ret=%d errno=%d", ret, ret < 0 ? errno : 0);
    return ret;
}

static void change_who(void) {
    static const gid_t groups[] = {TEAM};
    uid_t id = roll(&dice, 2) ? NOBODY : OTHER;
    size_t count = roll(&dice, 2);
    uint32_t kind = roll(&dice, 4);
    if (geteuid() != 0 || getuid() != 0) {
        print("    stays");
        return;
    }
    print("    becomes %u, %zu groups, kind %u", (unsigned)id, count, kind);
    if (kind == 0) {
        must(setgroups(count, groups), "setgroups");
        must(setegid(id), "setegid");
        must(seteuid(id), "seteuid");
    } else {
        become(id, groups, count);
    }
}

static void step(int number) {
    char path[4096], label[4200];
    random_path(path, sizeof path);
    int slot = (int)(FIRST_SLOT + roll(&dice, SLOTS));
    uint32_t what = roll(&dice, 100);
    char shown[4096];
    memcpy(shown, path, sizeof shown);
    char *cut = strstr(shown, top);
    printable(shown);
    snprintf(label, sizeof label, "%d [%s]", number, cut == shown ? shown + strlen(top) : shown);
    if (what < 45) {
        say_path(label, path);
    } else if (what < 60) {
        snprintf(label, sizeof label, "%d fd %d", number, slot);
        say_fd(label, slot);
    } else if (what < 72) {
        static const int flags[] = {O_RDONLY, O_PATH, O_PATH | O_NOFOLLOW, O_RDONLY | O_DIRECTORY};
        int fd = open(path, flags[roll(&dice, 4)] | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        print("%s open %s errno=%d", label, fd < 0 ? "failed" : "worked", fd < 0 ? errno : 0);
        if (fd >= 0) {
            must(dup3(fd, slot, O_CLOEXEC), "dup3");
            close(fd);
            say_fd("    it", slot);
        }
    } else if (what < 76) {
        print("%d close %d ret=%d", number, slot, close(slot));
    } else if (what < 80) {
        int to = (int)(FIRST_SLOT + roll(&dice, SLOTS));
        print("%d dup %d to %d: %s", number, slot, to, dup2(slot, to) < 0 ? "failed" : "worked");
    } else if (what < 90) {
        print("%s", label);
        move_to(path);
    } else if (what < 93) {
        int ret = fchdir(slot);
        print("%d fchdir %d ret=%d errno=%d", number, slot, ret, ret < 0 ? errno : 0);
    } else if (what < 95) {
        int ret = chroot(path);
        print("%s chroot ret=%d errno=%d", label, ret, ret < 0 ? errno : 0);
        if (ret == 0 && roll(&dice, 2))
            move_to("/");
    } else if (what < 97) {
        change_who();
    } else {
        move_to(top);
    }
}

static void session(void *context) {
    const int *number = context;
    print("-- session %d", *number);
    must(chdir(top), "chdir to the tree");
    for (int slot = 0; slot < SLOTS; slot += 2) {
        int fd = open(nodes[roll(&dice, node_count)].path, O_PATH | O_CLOEXEC);
        if (fd >= 0) {
            must(dup3(fd, FIRST_SLOT + slot, O_CLOEXEC), "dup3");
            close(fd);
        }
    }
    long steps = effort(STEPS);
    for (int i = 0; i < steps; i++)
        step(i);
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        dice.state = strtoull(argv[2], NULL, 10) * 2 + 1;
        top = getcwd(NULL, 0);
        make_random_tree();
        return 0;
    }
    if (argc < 2)
        die("usage: differential SEED [TREE]");
    uint64_t seed = strtoull(argv[1], NULL, 10);
    print("note seed %llu", (unsigned long long)seed);
    dice.state = seed * 2 + 1;
    if (argc > 2) {
        top = argv[2];
    } else {
        make_directory("random", 0755);
        top = absolute("random");
        must(chdir(top), "chdir");
        make_random_tree();
    }
    must(chdir(top), "chdir to the tree");
    collect(".");
    if (geteuid() == 0)
        must(setgroups(0, NULL), "setgroups");
    for (int i = 0; i < SESSIONS; i++) {
        dice.state = (seed * 1000 + (uint64_t)i) * 2654435761u + 1;
        roll(&dice, 2);
        in_child(session, &i, "session");
    }
    return 0;
}
