/* named PLACE [ROUNDS|NAME TIMES], named answer-unread COMMAND... - asks about paths that rules
 * name, and about others, by every call that may be answered inside the program, again and again:
 * what was told is printed. With NAME: that often, about this one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS 6
#define PAGE 4096

union answer {
    struct stat info;
    struct statx more;
    struct statfs filesystem;
    char bytes[PAGE];
};

/* What the compiler knows for wrong. */
static void *hidden(void *pointer) {
    __asm__("" : "+r"(pointer));
    return pointer;
}

static void say(const char *call, const char *name, long result, unsigned long told) {
    printf("%s %s: %s %lx\n", call, name, result < 0 ? strerrorname_np(errno) : "done",
           result < 0 ? 0 : told);
}

/* Directories grow and shrink by what others do in them. */
static unsigned long told_of(const struct stat *info) {
    return info->st_mode + (S_ISREG(info->st_mode) ? (unsigned long)info->st_size : 0);
}

static void ask_all(const char *name, char *path) {
    static union answer answer;
    char text[64] = {0};
    long result = stat(path, &answer.info);
    say("stat", name, result, told_of(&answer.info));
    result = lstat(path, &answer.info);
    say("lstat", name, result, told_of(&answer.info));
    result = fstatat(AT_FDCWD, path, &answer.info, AT_EMPTY_PATH);
    say("fstatat", name, result, told_of(&answer.info));
    result = fstatat(AT_FDCWD, path, &answer.info, 0x40000000);
    say("fstatat, wrong", name, result, 0);
    result = stat(path, hidden((void *)1));
    say("stat, nowhere", name, result, 0);
    result = statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &answer.more);
    say("statx", name, result,
        answer.more.stx_mode + (S_ISREG(answer.more.stx_mode) ? answer.more.stx_size : 0));
    say("access", name, access(path, F_OK), 0);
    say("access, written", name, access(path, W_OK), 0);
    say("access, wrong", name, access(path, 64), 0);
    say("faccessat", name, faccessat(AT_FDCWD, path, R_OK, 0), 0);
    say("faccessat2", name, faccessat(AT_FDCWD, path, R_OK, AT_EACCESS), 0);
    result = readlink(path, text, sizeof text - 1);
    say("readlink", name, result, (unsigned long)result + (unsigned char)text[0]);
    say("readlink, no room", name, readlink(path, text, 0), 0);
    result = readlinkat(AT_FDCWD, path, text, sizeof text - 1);
    say("readlinkat", name, result, (unsigned long)result + (unsigned char)text[0]);
    result = statfs(path, &answer.filesystem);
    say("statfs", name, result, (unsigned long)answer.filesystem.f_type);
    for (int write = 0; write < 2; write++) {
        const int fd = open(path, write ? O_WRONLY : O_RDONLY);
        memset(text, 0, sizeof text);
        result = fd >= 0 && !write ? read(fd, text, sizeof text - 1) : fd;
        errno = fd < 0 ? errno : 0;
        say(write ? "open, written" : "open", name, fd < 0 ? -1 : 0, (unsigned char)text[0]);
        if (fd >= 0 && fstatfs(fd, &answer.filesystem) == 0)
            say("fstatfs", name, 0, (unsigned long)answer.filesystem.f_type);
        if (fd >= 0)
            close(fd);
    }
}

/* The answer overwrites the path, from before, from the middle, from behind. */
static void ask_over(const char *path) {
    static char room[4 * PAGE];
    const size_t length = strlen(path) + 1;
    for (int shift = -300; shift <= 300; shift += 50) {
        char *const place = room + PAGE, *const answer = place + shift;
        char name[32];
        snprintf(name, sizeof name, "over %d", shift);
        memset(room, 0, sizeof room);
        memcpy(place, path, length);
        long result = stat(place, (struct stat *)hidden(answer));
        say("stat", name, result, (unsigned long)((struct stat *)answer)->st_size);
        memcpy(place, path, length);
        result = statfs(place, (struct statfs *)hidden(answer));
        say("statfs", name, result, (unsigned long)((struct statfs *)answer)->f_type);
        memcpy(place, path, length);
        result = readlink(place, hidden(answer), 1000);
        say("readlink", name, result, (unsigned char)*answer);
    }
}

/* ... where both are one memory at two addresses, so that nothing overlaps. */
static void ask_aliased(const char *path) {
    const int file = memfd_create("", MFD_CLOEXEC);
    const size_t length = strlen(path) + 1;
    if (file < 0 || ftruncate(file, PAGE) != 0)
        exit(1);
    char *const one = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mmap(one, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    char *const two = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    for (size_t at = PAGE - length;; at = PAGE - 512) {
        strcpy(one + at, path);
        long result = readlink(one + at, two + at, length);
        say("readlink", "aliased", result, (unsigned char)two[at]);
        if (at == PAGE - 512)
            break;
    }
    strcpy(one, path);
    long result = stat(one, (struct stat *)hidden(two));
    say("stat", "aliased", result, told_of((struct stat *)hidden(two)));
    munmap(one, 2 * PAGE);
    munmap(two, PAGE);
}

static void ask_round(const char *place) {
    static const char *const names[] = {
        "told",   "absent",  "net",  "vm",       "file",   "missing",   "link", "loop", "told/",
        "./told", "../x/vm", "dir",  "dir/",     ".",      "..",        "a",    "ab",   "abc",
        "abcd",   "/",       "",     "net/told", "x/vm",   "x/xvm",     "vm/",  "//vm", "xtold",
        "toldx",  "link/",   "tovm", "unnet",    "dir/..", "file/told",
        "x/1.yaml", "y.yaml", "x/.yaml", "yaml", "dir/conf", "dir/cOnf", "conf", "onf",
        "dir/xtold", "dir/../told", "dir/../told/", "told//", "absent/", "x/vm/", "x//vm", "abcd/",
        "dir/file/", "dir//", "net/", "x/../net//told", "dir/../x/.yaml", "dir/../x/.yaml/",
    };
    char path[8 * PAGE];
    char *const pages =
        mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + PAGE, PAGE, PROT_NONE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char label[64];
        strcpy(path, names[i]);
        ask_all(names[i], path);
        snprintf(path, sizeof path, "%s/%s", place, names[i]);
        snprintf(label, sizeof label, "PLACE/%s", names[i]);
        ask_all(label, path);
        /* Up to the end of the memory, with its end and without. */
        const size_t length = strlen(names[i]);
        memcpy(pages + PAGE - length - 1, names[i], length + 1);
        snprintf(label, sizeof label, "%s at the end", names[i]);
        ask_all(label, pages + PAGE - length - 1);
        memcpy(pages + PAGE - length, names[i], length);
        snprintf(label, sizeof label, "%s without an end", names[i]);
        ask_all(label, pages + PAGE - length);
    }
    munmap(pages, 2 * PAGE);
    ask_all("nothing", NULL);
    ask_all("nowhere", hidden((void *)1));
    memset(path, '/', sizeof path);
    strcpy(path + 3000, "/told");
    ask_all("long", path);
    memset(path, '/', sizeof path);
    strcpy(path + 4090, "/told");
    ask_all("longest", path);
    strcpy(path + 4091, "/told");
    ask_all("too long", path);
    ask_over("told");
    ask_over("file");
    ask_over("link");
    ask_aliased("told");
    ask_aliased("file");
    ask_aliased("l");
}

static int ask_often(const char *name, int times) {
    union answer answer;
    char text[8];
    for (int i = 0; i < times; i++) {
        const int fd = open(name, O_RDONLY);
        if (fd >= 0)
            close(fd);
        if (lstat(name, &answer.info) < 0 && access(name, F_OK) == 0)
            return 1;
        if (readlink(name, text, sizeof text) >= 0 || statfs(name, &answer.filesystem) < 0)
            return 2;
    }
    return 0;
}

/* As somebody else's may be: says of a call that it has succeeded, by its path alone, which nobody
 * reads. */
static int answer_unread(char **command) {
    static const struct {
        uint32_t number, argument;
    } calls[] = {{SYS_newfstatat, 1}, {SYS_statx, 1},
#ifdef SYS_access
                 {SYS_access, 0},     {SYS_readlink, 0},
#else
                 {SYS_readlinkat, 1},
#endif
                 {SYS_statfs, 0},     {SYS_openat, 1}, {SYS_faccessat, 1}};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 3),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                     offsetof(struct seccomp_data, args[0]) + 8 * calls[i].argument),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (i % 2 ? ENOENT : 0)),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
            return 1;
    }
    execv(command[0], command);
    return 1;
}

int main(int count, char **words) {
    const char *place = words[1];
    if (count > 2 && strcmp(place, "answer-unread") == 0)
        return answer_unread(words + 2);
    if (count < 2 || chdir(place) != 0)
        return 1;
    if (count > 3)
        return ask_often(words[2], atoi(words[3]));
    for (int left = count > 2 ? atoi(words[2]) : ROUNDS; left > 0; left--)
        ask_round(place);
    return 0;
}
