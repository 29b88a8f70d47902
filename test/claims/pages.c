/* pages fuse|userfaultfd|writers DIRECTORY PATH - makes calls whose path, or whose answer, lies in
 * a page that comes from a server, which makes stopped calls of its own before it gives the page,
 * and before it lets anybody close its file. PATH is a file of a rule; each call must do what it
 * does from ordinary memory. A line for each call; "not permitted". */
#include "pages.h"

#include <sys/statfs.h>

static const char *ruled;
static char expected[64];
static struct stat expected_stat;
static struct statfs expected_statfs;

static bool read_from(const char *path, char text[64]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, 63);
    text[got > 0 ? got : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool like_expected(const struct stat *info) {
    return info->st_size == expected_stat.st_size && info->st_mode == expected_stat.st_mode;
}

/* The server's own calls. */
static void ask(void) {
    char text[64];
    struct stat info;
    struct statfs filesystem;
    if (!read_from(ruled, text) || strcmp(text, expected) != 0 || stat(ruled, &info) != 0 ||
        !like_expected(&info) || statfs(ruled, &filesystem) != 0 ||
        filesystem.f_type != expected_statfs.f_type || readlink(ruled, text, sizeof text) != -1)
        fprintf(stderr, "the server got a wrong answer\n");
}

/* From a stack that begins there: nothing of it is touched natively. */
static int open_from(char *stack, const char *path) {
    long result;
#ifdef __x86_64__
    register long mode __asm__("r10") = 0;
    __asm__ volatile("mov %%rsp, %%r12; mov %4, %%rsp; syscall; mov %%r12, %%rsp"
                     : "=a"(result)
                     : "0"((long)SYS_openat), "D"((long)AT_FDCWD), "S"(path), "r"(stack),
                       "d"((long)(O_RDONLY | O_CLOEXEC)), "r"(mode)
                     : "r12", "rcx", "r11", "memory");
#else
    (void)stack;
    result = open(path, O_RDONLY | O_CLOEXEC);
#endif
    return (int)result;
}

/* Nobody but us closes it. `directory`: of FUSE, or NULL. */
static bool ask_file(const char *directory) {
    char name[4096];
    struct statfs filesystem;
    snprintf(name, sizeof name, "%s/pages", directory ? directory : "");
    int fd = open(directory ? name : ruled, O_RDONLY | O_CLOEXEC);
    const bool asked = fd >= 0 && fstatfs(fd, &filesystem) == 0;
    if (fd >= 0)
        close(fd);
    return asked && filesystem.f_type == (directory ? 0x65735546 : expected_statfs.f_type);
}

static void say(const char *what, bool same) {
    printf("%s: %s\n", what, same ? "same" : strerror(errno));
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    char text[64], link[64];
    struct stat *info;
    struct statfs *filesystem;
    struct stat plain;
    struct statfs plain_filesystem;
    ruled = argv[3];
    if (!read_from(ruled, expected) || stat(ruled, &expected_stat) != 0 ||
        statfs(ruled, &expected_statfs) != 0 || readlink(ruled, link, sizeof link) != -1)
        die(ruled);
    int no_link = errno;
    memcpy(page_content, ruled, strlen(ruled) + 1);
    before_page = before_flush = ask;
    char *page = strcmp(argv[1], "fuse") == 0
                     ? pages_of_fuse(argv[2])
                     : pages_of_userfaultfd(strcmp(argv[1], "writers") == 0);
    if (!page) {
        puts("not permitted");
        return 0;
    }
    say("open", read_from(page, text) && strcmp(text, expected) == 0);
    page += PAGE;
    say("stat", stat(page, &plain) == 0 && like_expected(&plain));
    page += PAGE;
    say("statfs",
        statfs(page, &plain_filesystem) == 0 && plain_filesystem.f_type == expected_statfs.f_type);
    page += PAGE;
    say("readlink", readlink(page, link, sizeof link) == -1 && errno == no_link);
    page += PAGE;
    int writer = open(page, O_WRONLY | O_CLOEXEC);
    say("open for writing", writer >= 0 && write(writer, "x", 1) == 1);
    page += PAGE;
    info = (void *)page;
    say("stat's answer", stat(ruled, info) == 0 && like_expected(info));
    page += PAGE;
    filesystem = (void *)page;
    say("statfs's answer",
        statfs(ruled, filesystem) == 0 && filesystem->f_type == expected_statfs.f_type);
    page += PAGE;
    int fd = open_from(page + PAGE, ruled);
    say("open from a stack",
        fd >= 0 && pread(fd, text, 63, 0) > 0 && strncmp(text, expected, strlen(expected)) == 0);
    say("fstatfs of a file", ask_file(strcmp(argv[1], "fuse") == 0 ? argv[2] : NULL));
    if (strcmp(argv[1], "fuse") == 0)
        umount2(argv[2], MNT_DETACH);
    return 0;
}
