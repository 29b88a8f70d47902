/* how FILE - opens it by openat2(2) with a structure of several lengths; prints a line for each. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static union {
    struct open_how how;
    unsigned char bytes[8192];
} given;

static void ask(const char *path, size_t size, const char *what) {
    char text[16] = "written";
    const long fd = syscall(SYS_openat2, AT_FDCWD, path, &given, size);
    const char *error = strerrorname_np(errno);
    if (fd >= 0 && (given.how.flags & O_ACCMODE) == O_RDONLY)
        text[read((int)fd, text, sizeof text - 1)] = '\0';
    text[strcspn(text, "\n")] = '\0';
    printf("%s, %zu bytes: %s\n", what, size, fd < 0 ? error : text);
    close((int)fd);
}

int main(int count, char **arguments) {
    static const size_t sizes[] = {8, sizeof given.how, sizeof given.how + 1, 100, 4096, 4097};
    const char *path = count > 1 ? arguments[1] : "";
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (unsigned flags = 0; flags <= O_WRONLY; flags++) {
            given.how.flags = flags;
            ask(path, sizes[i], flags ? "write" : "read");
        }
    given.bytes[99] = 1;
    ask(path, 100, "write with more");
    given.how.resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
    ask(path, sizeof given.how, "beneath and in root");
    return 0;
}
