/* paths.c DIRECTORY - there, says what each call tells of each path on its standard input (two
 * hexadecimal digits for a byte, a path in a line), which lies at five places of memory: behind a
 * page that is not there, before one, over the end of a page, right before it, and anywhere. The
 * number of each call is loaded right before it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 3
#define LONGEST 2048

#if defined(__x86_64__)
#define CALL(name, number)                                                                         \
    __attribute__((noinline)) static long name(long a, long b, long c, long d, long e) {           \
        long result;                                                                               \
        register long fourth __asm__("r10") = d, fifth __asm__("r8") = e;                          \
        __asm__ volatile("mov %[nr], %%eax\nsyscall\ncmp $-4096, %%rax\n"                          \
                         : "=&a"(result)                                                           \
                         : [nr] "i"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)       \
                         : "rcx", "r11", "memory", "cc");                                          \
        return result;                                                                             \
    }
CALL(call_stat, SYS_stat)
CALL(call_lstat, SYS_lstat)
CALL(call_access, SYS_access)
CALL(call_readlink, SYS_readlink)
#else
#define CALL(name, number)                                                                         \
    __attribute__((noinline)) static long name(long a, long b, long c, long d, long e) {           \
        register long first __asm__("x0") = a, second __asm__("x1") = b, third __asm__("x2") = c,  \
                            fourth __asm__("x3") = d, fifth __asm__("x4") = e;                     \
        __asm__ volatile("mov x8, %[nr]\nsvc 0\n"                                                  \
                         : "+r"(first)                                                             \
                         : [nr] "i"(number), "r"(second), "r"(third), "r"(fourth), "r"(fifth)      \
                         : "x8", "memory", "cc");                                                  \
        return first;                                                                              \
    }
#endif
CALL(call_open, SYS_openat)
CALL(call_openat2, SYS_openat2)
CALL(call_fstatat, SYS_newfstatat)
CALL(call_statx, SYS_statx)
CALL(call_faccessat, SYS_faccessat)
CALL(call_faccessat2, SYS_faccessat2)
CALL(call_readlinkat, SYS_readlinkat)
CALL(call_statfs, SYS_statfs)
CALL(call_fstatfs, SYS_fstatfs)

static void say(const char *call, long result) {
    printf(" %s %ld", call, result);
}

static void say_opened(const char *call, long fd) {
    char text[16];
    struct stat info;
    struct statfs filesystem = {0};
    say(call, fd < 0 ? fd : 0);
    if (fd < 0)
        return;
    fstat((int)fd, &info);
    call_fstatfs(fd, (long)&filesystem, 0, 0, 0);
    const ssize_t length = read((int)fd, text, sizeof text);
    printf(" %o %lx %.*s", info.st_mode, S_ISREG(info.st_mode) ? (long)filesystem.f_type : 0L,
           length > 0 ? (int)length : 0, text);
    close((int)fd);
}

static void say_info(const char *call, long result, const struct stat *info) {
    say(call, result);
    if (result == 0)
        printf(" %o %ld", info->st_mode, S_ISREG(info->st_mode) ? (long)info->st_size : 0L);
}

static void say_link(const char *call, long result, const char *text) {
    say(call, result);
    printf(" %.*s", result > 0 ? (int)result : 0, text);
}

static void ask(const char *name) {
    static const int ways[] = {O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_WRONLY};
    const long path = (long)name, here = AT_FDCWD;
    char text[256];
    struct stat info;
    struct statx more;
    struct statfs filesystem;
    struct open_how how = {0};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        say_opened("open", call_open(here, path, ways[i], 0, 0));
    say_opened("create", call_open(here, path, O_RDWR | O_CREAT | O_EXCL, 0600, 0));
    say_opened("openat2", call_openat2(here, path, (long)&how, sizeof how, 0));
#if defined(__x86_64__)
    say_info("stat", call_stat(path, (long)&info, 0, 0, 0), &info);
    say_info("lstat", call_lstat(path, (long)&info, 0, 0, 0), &info);
    say("access", call_access(path, R_OK, 0, 0, 0));
    say_link("readlink", call_readlink(path, (long)text, sizeof text, 0, 0), text);
#endif
    say_info("fstatat", call_fstatat(here, path, (long)&info, 0, 0), &info);
    say_info("fstatat", call_fstatat(here, path, (long)&info, AT_EMPTY_PATH, 0), &info);
    const long result = call_statx(here, path, 0, STATX_BASIC_STATS, (long)&more);
    info.st_mode = more.stx_mode;
    info.st_size = (off_t)more.stx_size;
    say_info("statx", result, &info);
    say("faccessat", call_faccessat(here, path, R_OK, 0, 0));
    say("faccessat2", call_faccessat2(here, path, W_OK, 0, 0));
    say_link("readlinkat", call_readlinkat(here, path, (long)text, sizeof text, 0), text);
    const long told = call_statfs(path, (long)&filesystem, 0, 0, 0);
    say("statfs", told);
    printf(" %lx\n", told == 0 ? (long)filesystem.f_type : 0L);
}

static size_t read_path(const char *line, char *path) {
    size_t length = 0;
    unsigned byte;
    for (; length < LONGEST - 1 && sscanf(line + 2 * length, "%2x", &byte) == 1; length++)
        path[length] = (char)byte;
    path[length] = '\0';
    return length + 1;
}

int main(int count, char **arguments) {
    static char line[2 * LONGEST + 2], path[LONGEST];
    char *const all =
        mmap(NULL, (PAGES + 2) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *const begin = all + PAGE, *const end = begin + PAGES * PAGE;
    if (count < 2 || all == MAP_FAILED || chdir(arguments[1]) || munmap(all, PAGE) ||
        munmap(end, PAGE))
        return 1;
    for (int number = 0; fgets(line, sizeof line, stdin); number++) {
        const size_t length = read_path(line, path);
        char *const places[] = {begin, end - length, begin + PAGE - 1,
                                begin + PAGE - (length < 9 ? length : 9),
                                begin + PAGE / 2 + number % 17};
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            memset(begin, i % 2 ? '/' : 'x', PAGES * PAGE);
            memcpy(places[i], path, length);
            printf("%s at %zu:", path, i);
            ask(places[i]);
        }
    }
    return 0;
}
