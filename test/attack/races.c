/* races DIRECTORY PLACE - a user's thread exchanges all that a path goes by, as fast as it can,
 * while another one opens it, a bounded number of times: links, directories, a descriptor, the text
 * of the path, the flags of openat2(2). Whatever is got of `closed` and `public`, which are root's,
 * is a gain. PLACE: where `own` is found. Says how many gains there were, and that something was
 * won and something was lost. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define USER 12345
#define ROUNDS 250
#define MOVING 100 /* a descriptor that is another one each time */

static const char *directory, *place;
static volatile int over;
static char moving_text[256], own_text[256], closed_text[256];
static volatile struct open_how moving_how = {.flags = O_RDONLY};
static struct stat closed;
static unsigned won, lost, gained;

static void say_gain(const char *call, const char *path) {
    printf("gain: %s of %s\n", call, path);
    gained++;
}

static void exchange(const char *a, const char *b) {
    renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static void *exchange_all(void *unused) {
    int own = open("own", O_PATH), shut = open("closed", O_PATH);
    while (!over) {
        exchange("own/link", "own/other-link");
        exchange("own/place", "own/other-place");
        exchange("own/lines", "own/other-lines");
        dup2(own, MOVING);
        memcpy(moving_text, own_text, strlen(own_text) + 1);
        moving_how.flags = O_RDONLY;
        sched_yield();
        dup2(shut, MOVING);
        memcpy(moving_text, closed_text, strlen(closed_text) + 1);
        moving_how.flags = O_RDWR | O_TRUNC;
    }
    return unused;
}

/* Nobody but root may read or write what is root's. */
static void judge(const char *call, const char *path, long fd) {
    char text[64] = "";
    struct stat info;
    if (fd < 0) {
        lost++;
        return;
    }
    won++;
    const int mode = fcntl((int)fd, F_GETFL);
    const int writes = (mode & O_ACCMODE) != O_RDONLY;
    const int found = fstat((int)fd, &info) == 0 && info.st_dev == closed.st_dev;
    if ((mode & O_ACCMODE) != O_WRONLY && !(mode & O_PATH) &&
        pread((int)fd, text, sizeof text - 1, 0) > 0 && strcasestr(text, "secret"))
        say_gain(call, path);
    if (writes && found && S_ISREG(info.st_mode) && info.st_uid == 0)
        say_gain(call, path);
    close((int)fd);
}

static void open_all(const char *path) {
    const struct open_how how = {.flags = O_RDWR};
    judge("openat", path, openat(AT_FDCWD, path, O_RDONLY));
    judge("openat to write", path, openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0600));
    judge("openat2", path, syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
    judge("openat2 with moving flags", path,
          syscall(SYS_openat2, AT_FDCWD, path, &moving_how, sizeof how));
    judge("openat to empty", path, openat(AT_FDCWD, path, O_WRONLY | O_TRUNC));
#ifdef SYS_open
    judge("open", path, syscall(SYS_open, path, O_RDONLY));
    judge("creat", path, syscall(SYS_creat, path, 0600));
#endif
}

static void ask_all(const char *path) {
    char text[64] = "";
    struct statfs filesystem;
    struct stat info;
    (void)!truncate(path, 7);
    statfs(path, &filesystem);
    stat(path, &info);
    if (getxattr(path, "user.note", text, sizeof text - 1) > 0 && strstr(text, "secret"))
        say_gain("getxattr", path);
    memset(text, 0, sizeof text);
    if (readlink(path, text, sizeof text - 1) > 0 && strstr(text, "secret"))
        say_gain("readlink", path);
}

/* What is exchanged there may neither be read nor written, whichever it is. */
static void ask_closed(const char *path) {
    if (access(path, R_OK) == 0 || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        say_gain("access", path);
    judge("openat of none", path, openat(AT_FDCWD, path, O_RDONLY));
}

static void attack(void) {
    static const char *const names[] = {"link", "place/file", "place/lines", "lines"};
    char path[512];
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            snprintf(path, sizeof path, "%s/%s/%s", directory, place, names[i]);
            open_all(path);
            ask_all(path);
        }
        open_all(moving_text);
        judge("openat below", "file", openat(MOVING, "file", O_RDWR));
        judge("openat below", "link", openat(MOVING, "link", O_RDONLY));
        snprintf(path, sizeof path, "/proc/self/fd/%d/file", MOVING);
        open_all(path);
        snprintf(path, sizeof path, "%s/%s/denied", directory, place);
        ask_closed(path);
    }
}

int main(int count, char **arguments) {
    pthread_t thread;
    if (count < 3 || chdir(arguments[1]) != 0 || stat("closed/file", &closed) != 0 ||
        setgroups(0, NULL) != 0 || setresgid(USER, USER, USER) != 0 ||
        setresuid(USER, USER, USER) != 0)
        return 2;
    prctl(PR_SET_DUMPABLE, 1);
    directory = arguments[1];
    place = arguments[2];
    snprintf(own_text, sizeof own_text, "%s/%s/mine/file", directory, place);
    snprintf(closed_text, sizeof closed_text, "%s/closed/file", directory);
    strcpy(moving_text, own_text);
    if (pthread_create(&thread, NULL, exchange_all, NULL) != 0)
        return 2;
    attack();
    over = 1;
    pthread_join(thread, NULL);
    printf("gains: %u, %s, %s\n", gained, won > 0 ? "some won" : "none won",
           lost > 0 ? "some lost" : "none lost");
    return 0;
}
