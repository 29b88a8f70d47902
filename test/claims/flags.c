/* flags FILE... - opens each with flags that few programs ask for, and where there is no room for one
 * more descriptor; prints what comes of it, and what the file holds afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *name;

static void tell(const char *what, int fd) {
    const int error = errno, kept = O_ACCMODE | O_SYNC | O_APPEND | O_PATH;
    if (fd < 0)
        printf("%s, %s: %s\n", name, what, strerrorname_np(error));
    else
        printf("%s, %s: %o\n", name, what, (unsigned)(fcntl(fd, F_GETFL) & kept));
    if (fd >= 0)
        close(fd);
}

static void tell_text(const char *path) {
    char text[16] = "";
    int fd = open(path, O_RDONLY);
    if (read(fd, text, sizeof text - 1) >= 0)
        text[strcspn(text, "\n")] = '\0';
    printf("%s holds: %s\n", name, text);
    close(fd);
}

/* All numbers below the limit are in use. */
static void ask_full(const char *path, int flags) {
    struct rlimit before, full = {0};
    getrlimit(RLIMIT_NOFILE, &before);
    full.rlim_max = before.rlim_max;
    full.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &full);
    int fd = open(path, flags, 0600);
    setrlimit(RLIMIT_NOFILE, &before);
    tell("full", fd);
    tell_text(path);
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const char *path = arguments[i];
        name = strrchr(path, '/') + 1;
        tell("synchronous", open(path, O_WRONLY | O_SYNC));
        tell("synchronous data", open(path, O_RDWR | O_DSYNC | O_APPEND));
        tell("a name for writing", open(path, O_PATH | O_RDWR | O_TRUNC | O_CREAT, 0600));
        ask_full(path, O_WRONLY | O_TRUNC);
        ask_full(path, O_RDONLY | O_TRUNC);
        ask_full(path, O_RDWR | O_CREAT | O_TRUNC);
        close(STDIN_FILENO);
        ask_full(path, O_WRONLY | O_TRUNC);
        open("/dev/null", O_RDONLY);
    }
    return 0;
}
