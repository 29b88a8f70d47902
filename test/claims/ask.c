/* ask PATH - obeys lines: "read" and "write" open PATH for that, and say what came of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const char *what) {
    puts(what);
    fflush(stdout);
}

static void read_it(const char *path) {
    char text[64] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[strcspn(text, "\n")] = '\0';
    say(got < 0 ? strerror(errno) : text);
    if (fd >= 0)
        close(fd);
}

static void write_it(const char *path) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        say(errno == EIO ? "EIO" : strerror(errno));
    else
        say(write(fd, "x", 1) == 1 ? "done" : "not written");
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv) {
    char line[16];
    if (argc != 2)
        return 2;
    say("ready");
    while (fgets(line, sizeof line, stdin))
        if (strcmp(line, "read\n") == 0)
            read_it(argv[1]);
        else
            write_it(argv[1]);
    return 0;
}
