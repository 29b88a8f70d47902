/* tables - mount tables by every spelling: each says the same, line by line, and the descriptor
 * behaves as that of a file which is read. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_SIZE (4U << 20)
#define OPENAT2 437
#define O_KERNEL_LARGEFILE 0100000
struct how {
    uint64_t flags, mode, resolve;
};

enum kind { MOUNTS, MOUNTINFO, MOUNTSTATS, KINDS };
static char *first[KINDS];

/* The bare call: libc's open() is openat(). */
static int open_old(const char *path, int flags) {
#if defined(SYS_open)
    return (int)syscall(SYS_open, path, flags);
#else
    return open(path, flags);
#endif
}

static char *read_all(int fd, size_t part) {
    char *text = malloc(TEXT_SIZE);
    size_t have = 0;
    ssize_t got;
    while ((got = read(fd, text + have, part)) > 0 && have + (size_t)got < TEXT_SIZE - part)
        have += (size_t)got;
    if (got < 0)
        die("read");
    text[have] = '\0';
    return text;
}

/* Behind the next occurrence, or NULL. */
static const char *behind(const char *line, const char *text) {
    const char *found = line ? strstr(line, text) : NULL;
    return found ? found + strlen(text) : NULL;
}

/* Says each line with `source=` before the source, and `fstype=` before the type. */
static void say_line(enum kind kind, const char *line) {
    const char *type, *source;
    if (kind == MOUNTINFO) {
        type = behind(line, " - ");
        source = behind(type, " ");
    } else if (kind == MOUNTSTATS) {
        type = behind(line, " with fstype ");
        source = behind(line, "device ");
    } else {
        source = line;
        type = behind(behind(line, " "), " ");
    }
    if (!type || !source)
        print("  %s", line);
    else if (source < type)
        print("  %.*ssource=%.*sfstype=%s", (int)(source - line), line, (int)(type - source),
              source, type);
    else
        print("  %.*sfstype=%.*ssource=%s", (int)(type - line), line, (int)(source - type), type,
              source);
}

static void say_text(enum kind kind, char *text) {
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        say_line(kind, line);
}

/* The first table of a kind is said line by line, others only if they differ. */
static void say_table(const char *label, enum kind kind, int fd) {
    if (fd < 0) {
        print("%s errno=%d", label, errno);
        return;
    }
    char *text = read_all(fd, 4096);
    if (!first[kind]) {
        first[kind] = strdup(text);
        print("%s", label);
        say_text(kind, text);
    } else if (strcmp(first[kind], text) == 0) {
        print("%s same", label);
    } else {
        print("%s differs", label);
        say_text(kind, text);
    }
    free(text);
    close(fd);
}

static void say_path_table(const char *path, enum kind kind) {
    say_table(path, kind, open(path, O_RDONLY | O_CLOEXEC));
}

static void spellings(void) {
    char path[128];
    static const struct {
        const char *path;
        enum kind kind;
    } known[] = {
        {"/proc/self/mountinfo", MOUNTINFO},
        {"/proc/self/mounts", MOUNTS},
        {"/proc/self/mountstats", MOUNTSTATS},
        {"/proc/mounts", MOUNTS},
        {"/etc/mtab", MOUNTS},
        {"/proc/thread-self/mountinfo", MOUNTINFO},
        {"/proc/thread-self/mounts", MOUNTS},
        {"//proc//self/.///mountinfo", MOUNTINFO},
        {"/proc/self/../self/mounts", MOUNTS},
        {"/proc/self/root/proc/self/mountinfo", MOUNTINFO},
        {"/proc/self/mountinfo/", MOUNTINFO},
        {"/proc/self/missing/mountinfo", MOUNTINFO},
        {"/etc/mtab/", MOUNTS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        say_path_table(known[i].path, known[i].kind);
    snprintf(path, sizeof path, "/proc/%d/mountinfo", getpid());
    say_table("by pid", MOUNTINFO, open(path, O_RDONLY));
    snprintf(path, sizeof path, "/proc/self/task/%ld/mounts", syscall(SYS_gettid));
    say_table("by task", MOUNTS, open(path, O_RDONLY));
    say_table("open(2)", MOUNTINFO, open_old("/proc/self/mountinfo", O_RDONLY));
    say_table("with flags", MOUNTS,
              open("/proc/mounts", O_RDONLY | O_KERNEL_LARGEFILE | O_NOCTTY | O_NONBLOCK));
    say_table("O_CREAT", MOUNTS, open("/proc/mounts", O_RDONLY | O_CREAT, 0644));
    say_table("O_CREAT|O_EXCL", MOUNTS, open("/proc/mounts", O_RDONLY | O_CREAT | O_EXCL, 0644));
    say_table("O_DIRECTORY", MOUNTINFO, open("/proc/self/mountinfo", O_RDONLY | O_DIRECTORY));
    say_table("O_NOFOLLOW", MOUNTINFO, open("/proc/self/mountinfo", O_RDONLY | O_NOFOLLOW));
    say_table("O_NOFOLLOW on a link", MOUNTS, open("/proc/mounts", O_RDONLY | O_NOFOLLOW));
}

static void relative(void) {
    int proc = open_or_die("/proc/self", O_RDONLY | O_DIRECTORY);
    int root = open_or_die("/", O_PATH | O_DIRECTORY);
    say_table("openat of a directory", MOUNTINFO, openat(proc, "mountinfo", O_RDONLY));
    say_table("openat of O_PATH", MOUNTS, openat(root, "proc/self/mounts", O_RDONLY));
    say_table("openat of a bad descriptor", MOUNTS, openat(9999, "mounts", O_RDONLY));
    say_table("openat of no directory", MOUNTS, openat(0, "mounts", O_RDONLY));
    say_table("absolute, bad descriptor", MOUNTS, openat(9999, "/proc/self/mounts", O_RDONLY));
    must(chdir("/proc/self"), "chdir");
    say_table("cwd", MOUNTS, open("mounts", O_RDONLY));
    say_table("cwd ./", MOUNTS, open("./mounts", O_RDONLY));
    must(chdir("/proc/self/fd"), "chdir");
    say_table("cwd ../", MOUNTINFO, open("../mountinfo", O_RDONLY));
    close(proc);
    close(root);
}

static void resolve(const char *label, int directory, const char *path, uint64_t resolve) {
    struct how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = resolve};
    say_table(label, MOUNTINFO, (int)syscall(OPENAT2, directory, path, &how, sizeof how));
}

static void openat2_forms(void) {
    struct how how = {.flags = O_RDONLY};
    int root = open_or_die("/", O_PATH | O_DIRECTORY);
    int proc = open_or_die("/proc", O_PATH | O_DIRECTORY);
    enum { NO_XDEV = 1, NO_MAGICLINKS = 2, NO_SYMLINKS = 4, BENEATH = 8, IN_ROOT = 16 };
    print("-- openat2");
    resolve("plain", AT_FDCWD, "/proc/self/mountinfo", 0);
    resolve("of a directory", proc, "self/mountinfo", 0);
    resolve("no magic links", proc, "self/mountinfo", NO_MAGICLINKS);
    resolve("no magic links, through one", proc, "self/root/proc/self/mountinfo", NO_MAGICLINKS);
    resolve("no links", proc, "self/mountinfo", NO_SYMLINKS);
    resolve("beneath", proc, "self/mountinfo", BENEATH);
    resolve("beneath, and out", proc, "../proc/self/mountinfo", BENEATH);
    resolve("beneath, absolute", proc, "/proc/self/mountinfo", BENEATH);
    resolve("one mount", proc, "self/mountinfo", NO_XDEV);
    resolve("one mount, from another", root, "proc/self/mountinfo", NO_XDEV);
    resolve("in a root", root, "/proc/self/mountinfo", IN_ROOT);
    resolve("in a root, ..", proc, "../../self/mountinfo", IN_ROOT);
    resolve("in a root, absolute", proc, "/self/mountinfo", IN_ROOT);
    say_table("a short structure", MOUNTINFO,
              (int)syscall(OPENAT2, proc, "self/mountinfo", &how, 8UL));
    say_table("no structure", MOUNTINFO,
              (int)syscall(OPENAT2, proc, "self/mountinfo", NULL, sizeof how));
    close(root);
    close(proc);
}

/* A link and a file that are called like a table, and what is not called so. */
static void namesakes(void) {
    print("-- namesakes");
    make_directory("names", 0755);
    make_link("/proc/self/mountinfo", "names/mountinfo");
    make_file("names/mounts", "a b tmpfs 9p proc overlay\n");
    make_link("/proc/self", "names/me");
    make_link("nowhere", "names/mtab");
    say_path_table("names/mountinfo", MOUNTINFO);
    say_path_table("names/me/mounts", MOUNTS);
    int fd = open_or_die("names/mounts", O_RDONLY);
    char *text = read_all(fd, 4096);
    print("a file of that name: %s", text);
    free(text);
    close(fd);
    say_path_table("names/mtab", MOUNTS);
}

static void pass(int fd, int socket) {
    char byte = 'x';
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    must(sendmsg(socket, &message, 0), "sendmsg");
}

static int take(int socket) {
    char byte;
    int fd = -1;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    must(recvmsg(socket, &message, 0), "recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void descriptor(void) {
    char a[64], b[64];
    struct stat info;
    print("-- the descriptor");
    int lowest = open_or_die("/dev/null", O_RDONLY);
    close(lowest);
    int fd = open_or_die("/proc/self/mountinfo", O_RDONLY);
    print("lowest number: %d", fd == lowest);
    print("close on exec: %d", fcntl(fd, F_GETFD));
    must(fstat(fd, &info), "fstat");
    print("mode %o, owner %d, links %d", info.st_mode, info.st_uid == geteuid(),
          (int)info.st_nlink > 0 || info.st_nlink == 0);
    say_fd("fstatfs", fd);
    int other = open_or_die("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    print("close on exec: %d, nonblocking %d", fcntl(other, F_GETFD),
          (fcntl(other, F_GETFL) & O_NONBLOCK) != 0);
    bool whole = read(fd, a, sizeof a) == sizeof a;
    print("own offset: %d",
          whole && read(other, b, sizeof b) == sizeof b && memcmp(a, b, sizeof a) == 0);
    print("in another place: %d", pread(fd, b, 32, 16) == 32 && memcmp(a + 16, b, 32) == 0);
    print("back: %ld", (long)lseek(fd, 0, SEEK_SET));
    char *text = read_all(fd, 7);
    print("in small parts: %d", first[MOUNTINFO] && strcmp(text, first[MOUNTINFO]) == 0);
    free(text);
    int copy = (int)must(dup(other), "dup");
    print("shared offset: %ld", (long)lseek(copy, 0, SEEK_CUR));
    say_fd("fstatfs of a dup", copy);
    int sockets[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
    pass(other, sockets[0]);
    int passed = take(sockets[1]);
    say_fd("fstatfs of a passed one", passed);
    print("writing fails: %d", write(fd, "x", 1) < 0);
    print("cutting fails: %d", ftruncate(fd, 0) < 0);
    struct rlimit limit, few = {0, 0};
    must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    few = (struct rlimit){(rlim_t)lowest, limit.rlim_max};
    must(setrlimit(RLIMIT_NOFILE, &few), "setrlimit");
    int refused = open("/proc/self/mounts", O_RDONLY);
    print("no room: %d errno=%d", refused, errno);
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    close(fd), close(other), close(copy), close(passed), close(sockets[0]), close(sockets[1]);
    fd = open_or_die("/proc/self/mounts", O_RDONLY);
    print("nothing is left open: %d", fd == lowest);
    close(fd);
}

static void bad_pointers(void) {
    print("-- bad arguments");
    say_table("NULL", MOUNTS, (int)syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY));
    say_table("unmapped", MOUNTS, (int)syscall(SYS_openat, AT_FDCWD, 16UL, O_RDONLY));
    say_table("empty", MOUNTS, open("", O_RDONLY));
    say_table("write only", MOUNTS, open("/proc/self/missing/mounts", O_WRONLY));
}

static void *in_a_thread(void *unused) {
    (void)unused;
    print("-- a thread");
    say_path_table("/proc/thread-self/mountinfo", MOUNTINFO);
    say_path_table("/proc/self/mounts", MOUNTS);
    return NULL;
}

/* Its own table, in which its own mount stands. */
static void own_namespace(void *unused) {
    (void)unused;
    print("-- a mount namespace of its own");
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        print("not possible");
        return;
    }
    make_directory("own", 0755);
    must(mount("the source", "own", "tmpfs", 0, "size=1m"), "mount");
    int fd = open_or_die("/proc/self/mounts", O_RDONLY);
    char *text = read_all(fd, 4096), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strstr(line, "/own "))
            say_line(MOUNTS, line);
    free(text);
    close(fd);
    must(umount("own"), "umount");
    must(rmdir("own"), "rmdir");
}

static void another_process(void) {
    struct turn ready, done;
    char path[64];
    turn_make(&ready);
    turn_make(&done);
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        turn_give(&ready);
        turn_wait(&done);
        _exit(0);
    }
    turn_wait_for(&ready, pid, "another process");
    print("-- another process");
    snprintf(path, sizeof path, "/proc/%d/mountinfo", pid);
    say_table("its mountinfo", MOUNTINFO, open(path, O_RDONLY));
    snprintf(path, sizeof path, "/proc/%d/mounts", pid);
    say_table("its mounts", MOUNTS, open(path, O_RDONLY));
    turn_give(&done);
    reap(pid, "another process");
    say_table("one that is gone", MOUNTS, open(path, O_RDONLY));
}

#define STATMOUNT 457 /* Linux 6.8 */
struct request {
    uint32_t size, spare;
    uint64_t mount, wanted;
};

/* What statmount(2) says of the working directory's mount: its magic number, type and source. */
static void statmount_forms(void) {
    uint64_t info[32], answer[512];
    enum { UNIQUE = 0x4000, EMPTY = 0x1000, BASIC = 1, TYPE = 0x20, SOURCE = 0x200 };
    print("-- statmount");
    if (syscall(SYS_statx, AT_FDCWD, ".", 0, UNIQUE, info) != 0 ||
        ((uint32_t)info[0] & UNIQUE) == 0) {
        print("no unique numbers of mounts");
        return;
    }
    struct request request = {sizeof request, 0, info[18], BASIC | TYPE | SOURCE};
    static const size_t rooms[] = {sizeof answer, 600, 513, 100, 0};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        memset(answer, 0, sizeof answer);
        errno = 0;
        long result = syscall(STATMOUNT, &request, answer, rooms[i], 0UL);
        const char *texts = (const char *)&answer[64];
        if (result == 0)
            print("%zu bytes: type=0x%lx fstype=%s source=%s", rooms[i], (unsigned long)answer[3],
                  texts + (answer[4] >> 32),
                  answer[1] & SOURCE ? texts + (answer[15] >> 32) : "not told");
        else
            print("%zu bytes: errno=%d", rooms[i], errno);
    }
    request.mount = 1;
    print("no such mount %ld", syscall(STATMOUNT, &request, answer, sizeof answer, 0UL));
    print("flags %ld", syscall(STATMOUNT, &request, answer, sizeof answer, 1UL));
    print("no request %ld errno=%d", syscall(STATMOUNT, NULL, answer, sizeof answer, 0UL), EFAULT);
}

int main(void) {
    char *work = absolute(".");
    spellings();
    relative();
    must(chdir(work), "chdir");
    openat2_forms();
    statmount_forms();
    namesakes();
    descriptor();
    bad_pointers();
    another_process();
    pthread_t thread;
    if (pthread_create(&thread, NULL, in_a_thread, NULL) != 0)
        die("pthread_create");
    pthread_join(thread, NULL);
    in_child(own_namespace, NULL, "own namespace");
    return 0;
}
