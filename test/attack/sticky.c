/* sticky DIRECTORY PLACE [SETTING...] - in the directory `real` below DIRECTORY sticky directories
 * with files, FIFOs and links of several users; each of these users opens all of them below PLACE.
 * With each SETTING of fs.protected_*, which are the whole machine's: without, those that it has.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER 12345
#define OTHER 999
#define GROUP 777

static const char *const settings[] = {"symlinks", "regular", "fifos"};
static const struct {
    const char *name;
    mode_t mode;
    uid_t owner;
} directories[] = {
    {"everyone", 01777, 0},
    {"of-other", 01777, OTHER},
    {"of-group", 01775, 0},
    {"plain", 0777, 0},
};
static const struct {
    const char *name;
    uid_t owner;
} users[] = {{"root", 0}, {"other", OTHER}, {"user", USER}};
static const char *const kinds[] = {"file", "fifo", "link"};
static const struct {
    const char *name;
    int flags;
} opens[] = {
    {"reading", O_RDONLY},
    {"writing", O_WRONLY},
    {"creating-reading", O_RDONLY | O_CREAT},
    {"creating", O_RDWR | O_CREAT},
    {"creating-anew", O_WRONLY | O_CREAT | O_TRUNC},
    {"creating-alone", O_RDWR | O_CREAT | O_EXCL},
};
static const char *setting; /* as it was asked for; or `here` */
#define COUNT(of) (sizeof(of) / sizeof *(of))

static void check(int result, const char *what) {
    if (result != 0) {
        perror(what);
        exit(2);
    }
}

static void make_entry(const char *path, size_t kind, uid_t owner) {
    unlink(path);
    if (kind == 2)
        check(symlink("../target", path), path);
    else
        check(mknod(path, (kind == 0 ? S_IFREG : S_IFIFO) | 0666, 0), path);
    check(lchown(path, owner, owner), path);
}

static void make(const char *directory) {
    char path[4096];
    umask(0);
    snprintf(path, sizeof path, "%s/real", directory);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/real/target", directory);
    make_entry(path, 0, 0);
    for (size_t i = 0; i < COUNT(directories); i++) {
        snprintf(path, sizeof path, "%s/real/%s", directory, directories[i].name);
        mkdir(path, 0777);
        for (size_t kind = 0; kind < COUNT(kinds); kind++)
            for (size_t user = 0; user < COUNT(users); user++) {
                snprintf(path, sizeof path, "%s/real/%s/%s-of-%s", directory, directories[i].name,
                         kinds[kind], users[user].name);
                make_entry(path, kind, users[user].owner);
            }
        snprintf(path, sizeof path, "%s/real/%s", directory, directories[i].name);
        check(chown(path, directories[i].owner, GROUP), path);
        check(chmod(path, directories[i].mode), path);
    }
}

static const char *outcome(long fd) {
    if (fd < 0)
        return strerrorname_np(errno);
    close((int)fd);
    return "opened";
}

static void try_path(const char *what, const char *path) {
    for (size_t i = 0; i < COUNT(opens); i++)
        printf("%s %s: %s\n", what, opens[i].name,
               outcome(openat(AT_FDCWD, path, opens[i].flags | O_NONBLOCK, 0600)));
#ifdef SYS_creat
    if (!strstr(path, "/fifo-")) /* it would wait */
        printf("%s creat: %s\n", what, outcome(syscall(SYS_creat, path, 0600)));
#endif
    printf("%s truncate: %s\n", what, truncate(path, 0) == 0 ? "done" : strerrorname_np(errno));
    printf("%s access: %s\n", what, access(path, W_OK) == 0 ? "done" : strerrorname_np(errno));
}

static void try_as(size_t who, const char *place) {
    char path[8192], what[128];
    const gid_t group = GROUP;
    if (setgroups(1, &group) != 0 || setresgid(users[who].owner, users[who].owner, -1) != 0 ||
        setresuid(users[who].owner, users[who].owner, users[who].owner) != 0)
        exit(3);
    for (size_t i = 0; i < COUNT(directories); i++)
        for (size_t kind = 0; kind < COUNT(kinds); kind++)
            for (size_t user = 0; user < COUNT(users); user++) {
                snprintf(path, sizeof path, "%s/%s/%s-of-%s", place, directories[i].name,
                         kinds[kind], users[user].name);
                snprintf(what, sizeof what, "%s:%s:%s", setting, users[who].name,
                         path + strlen(place) + 1);
                try_path(what, path);
            }
    exit(fflush(stdout) != 0);
}

static void try_all(const char *place) {
    for (size_t who = 0; who < COUNT(users); who++) {
        int status;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            try_as(who, place);
        if (waitpid(child, &status, 0) != child || status != 0)
            exit(4);
    }
}

static void tell_settings(const char *set) {
    char path[64], value[16];
    for (size_t i = 0; i < COUNT(settings); i++) {
        snprintf(path, sizeof path, "/proc/sys/fs/protected_%s", settings[i]);
        int fd = open(path, set ? O_RDWR : O_RDONLY);
        const char *wanted = set && strcmp(set, "2") == 0 && i == 0 ? "1" : set;
        if (set && (fd < 0 || pwrite(fd, wanted, 1, 0) != 1))
            exit(5);
        ssize_t got = fd < 0 ? 0 : pread(fd, value, sizeof value - 1, 0);
        value[got > 0 ? got : 0] = '\0';
        value[strcspn(value, "\n")] = '\0';
        printf("%s protected_%s: %s\n", setting, settings[i], value);
        close(fd);
    }
}

int main(int count, char **arguments) {
    char place[4096];
    if (count < 3)
        return 2;
    snprintf(place, sizeof place, "%s/%s", arguments[1], arguments[2]);
    for (int i = 3; i < count || i == 3; i++) {
        setting = i < count ? arguments[i] : "here";
        make(arguments[1]);
        tell_settings(i < count ? setting : NULL);
        try_all(place);
    }
    return 0;
}
