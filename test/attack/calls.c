/* calls.c - every call that a rule may stop, on one path, in both ABIs. Nothing is left open; what
 * may be written is written, so that the disk tells afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attack.h"

static const struct {
    const char *name;
    int flags;
} flags[] = {
    {"reading", O_RDONLY},
    {"writing", O_WRONLY},
    {"both", O_RDWR},
    {"appending", O_WRONLY | O_APPEND},
    {"emptying", O_RDONLY | O_TRUNC},
    {"writing-anew", O_WRONLY | O_TRUNC},
    {"creating", O_RDWR | O_CREAT},
    {"creating-anew", O_WRONLY | O_CREAT | O_TRUNC},
    {"creating-alone", O_RDWR | O_CREAT | O_EXCL},
    {"no-link", O_RDONLY | O_NOFOLLOW},
    {"no-time", O_RDONLY | O_NOATIME},
    {"direct", O_WRONLY | O_DIRECT},
    {"path", O_PATH},
    {"temporary", O_RDWR | O_TMPFILE},
};
#define FLAGS (sizeof flags / sizeof *flags)

/* Text of one line: what is no letter is a dot. */
static size_t tell_bytes(char *to, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        to[i] = bytes[i] > ' ' && bytes[i] < 127 ? bytes[i] : '.';
    to[length] = '\0';
    return length;
}

static const char *outcome(long fd) {
    static char text[256];
    char bytes[32];
    struct stat info;
    if (fd < 0)
        return strerrorname_np(errno);
    size_t length = (size_t)snprintf(text, sizeof text, "opened");
    const int mode = fcntl((int)fd, F_GETFL);
    if (mode & O_PATH || fstat((int)fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close((int)fd);
        return text;
    }
    ssize_t got = (mode & O_ACCMODE) == O_WRONLY ? -1 : pread((int)fd, bytes, sizeof bytes, 0);
    if (got >= 0) {
        length += (size_t)snprintf(text + length, sizeof text - length, " read=");
        length += tell_bytes(text + length, bytes, (size_t)got);
    }
    if ((mode & O_ACCMODE) != O_RDONLY && !(mode & O_DIRECT) && write((int)fd, "bad!", 4) == 4)
        snprintf(text + length, sizeof text - length, " written");
    close((int)fd);
    return text;
}

static void say(const char *name, const char *call, const char *how, const char *what) {
    printf("%s %s%s%s: %s\n", name, call, *how ? "-" : "", how, what);
}

static void say_result(const char *name, const char *call, const char *how, long result) {
    say(name, call, how, result < 0 ? strerrorname_np(errno) : "done");
}

static unsigned the_part, the_parts = 1, opens;

void try_part(unsigned part, unsigned parts) {
    the_part = part;
    the_parts = parts;
}

static bool is_taken(void) {
    return opens++ % the_parts == the_part;
}

static void try_opens(const char *name, const char *path) {
    for (size_t i = 0; i < FLAGS; i++) {
        const struct open_how plain = {
            .flags = (unsigned)flags[i].flags,
            .mode = flags[i].flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? 0666 : 0,
        };
        struct open_how bounded = plain;
        bounded.resolve = RESOLVE_NO_MAGICLINKS;
        if (is_taken())
            say(name, "openat", flags[i].name,
                outcome(openat(AT_FDCWD, path, flags[i].flags, 0666)));
        if (is_taken())
            say(name, "openat2", flags[i].name,
                outcome(syscall(SYS_openat2, AT_FDCWD, path, &plain, sizeof plain)));
        if (is_taken())
            say(name, "openat2-bounded", flags[i].name,
                outcome(syscall(SYS_openat2, AT_FDCWD, path, &bounded, sizeof bounded)));
#ifdef SYS_open
        if (is_taken())
            say(name, "open", flags[i].name,
                outcome(syscall(SYS_open, path, flags[i].flags, 0666)));
#endif
    }
#ifdef SYS_creat
    say(name, "creat", "", outcome(syscall(SYS_creat, path, 0666)));
#endif
}

static void try_questions(const char *name, const char *path) {
    struct stat info;
    struct statx more;
    struct statfs filesystem;
    char bytes[256];
    static const int modes[] = {F_OK, R_OK, W_OK, X_OK};
    static const char *const names[] = {"there", "read", "write", "execute"};
    for (int i = 0; i < 4; i++) {
        say_result(name, "access", names[i], syscall(SYS_faccessat, AT_FDCWD, path, modes[i]));
        say_result(name, "eaccess", names[i],
                   syscall(SYS_faccessat2, AT_FDCWD, path, modes[i], AT_EACCESS));
    }
    say_result(name, "stat", "", fstatat(AT_FDCWD, path, &info, 0));
    say_result(name, "lstat", "", fstatat(AT_FDCWD, path, &info, AT_SYMLINK_NOFOLLOW));
    say_result(name, "statx", "", statx(AT_FDCWD, path, 0, STATX_ALL, &more));
    say_result(name, "statfs", "", statfs(path, &filesystem));
    say_result(name, "readlink", "", readlinkat(AT_FDCWD, path, bytes, sizeof bytes));
    say_result(name, "getxattr", "", getxattr(path, "user.none", bytes, sizeof bytes));
    say_result(name, "listxattr", "", listxattr(path, bytes, sizeof bytes));
}

static void try_truncating(const char *name, const char *path) {
    say_result(name, "truncate", "longer", truncate(path, 100));
    say_result(name, "truncate", "", truncate(path, 2));
}

#ifdef __x86_64__
static long call32(int number, long a, long b, long c, long d) {
    int result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d)
                     : "memory", "r8", "r9", "r10", "r11");
    if (result < 0 && result > -4096)
        errno = -result;
    return result < 0 && result > -4096 ? -1 : result;
}

/* Numbers of arch/x86/entry/syscalls/syscall_32.tbl. */
static void try_32_bits(const char *name, const char *path) {
    static char *room; /* where 32 bits reach */
    if (!room)
        room = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
                    0);
    if (room == MAP_FAILED || strlen(path) >= 4096)
        return;
    const long at = (long)room, buffer = at + 4096;
    strcpy(room, path);
    for (size_t i = 0; i < FLAGS; i++) {
        if (is_taken())
            say(name, "open32", flags[i].name, outcome(call32(5, at, flags[i].flags, 0666, 0)));
        if (is_taken())
            say(name, "openat32", flags[i].name,
                outcome(call32(295, AT_FDCWD, at, flags[i].flags, 0666)));
    }
    say(name, "creat32", "", outcome(call32(8, at, 0666, 0, 0)));
    say_result(name, "access32", "read", call32(33, at, R_OK, 0, 0));
    say_result(name, "access32", "write", call32(33, at, W_OK, 0, 0));
    say_result(name, "stat32", "", call32(195, at, buffer, 0, 0));
    say_result(name, "readlink32", "", call32(85, at, buffer, 256, 0));
    say_result(name, "truncate32", "", call32(92, at, 3, 0, 0));
    say_result(name, "truncate32", "64", call32(193, at, 3, 0, 0));
}
#endif

void try_all(const char *name, const char *path) {
    try_questions(name, path);
    try_opens(name, path);
    try_truncating(name, path);
#ifdef __x86_64__
    try_32_bits(name, path);
#endif
}
