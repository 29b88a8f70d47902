/* virtual - files by every way of opening them. The suite runs it where they are real, and where
 * only rules make them, and compares.
 * Words: the directory with `keep` (0644), `plain` (0444), `secret` (0600) and `to`, a link to
 * another file natively, redirected by a rule. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static char place[4096];

static const char *in(const char *name) {
    static char path[8192];
    snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static void say_bytes(const char *label, const char *bytes, ssize_t length) {
    if (length < 0) {
        print("%s errno=%d", label, errno);
        return;
    }
    char text[256];
    size_t out = 0;
    for (ssize_t i = 0; i < length && out + 3 < sizeof text; i++) {
        if (bytes[i] == '\n') {
            text[out++] = '\\';
            text[out++] = 'n';
        } else {
            text[out++] = bytes[i];
        }
    }
    text[out] = '\0';
    print("%s [%s]", label, text);
}

static void read_and_say(const char *label, const char *path, int flags) {
    char bytes[128];
    int fd = open(path, flags, 0644);
    if (fd < 0) {
        print("%s errno=%d", label, errno);
        return;
    }
    say_bytes(label, bytes, read(fd, bytes, sizeof bytes));
    close(fd);
}

static void write_and_say(const char *label, const char *path, int flags, const char *bytes) {
    int fd = open(path, flags, 0644);
    if (fd < 0) {
        print("%s errno=%d", label, errno);
        return;
    }
    ssize_t written = write(fd, bytes, strlen(bytes));
    print("%s wrote %zd at %ld", label, written, (long)lseek(fd, 0, SEEK_CUR));
    close(fd);
}

static void ways_to_read(void) {
    char bytes[32], label[64];
    static const struct {
        const char *name;
        int flags;
    } ways[] = {
        {"O_RDONLY", O_RDONLY},
        {"O_CLOEXEC", O_RDONLY | O_CLOEXEC},
        {"O_NOFOLLOW", O_RDONLY | O_NOFOLLOW},
        {"O_NOCTTY", O_RDONLY | O_NOCTTY},
        {"O_DIRECTORY", O_RDONLY | O_DIRECTORY},
        {"O_CREAT", O_RDONLY | O_CREAT},
        {"O_CREAT|O_EXCL", O_RDONLY | O_CREAT | O_EXCL},
    };
    print("-- reading");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        read_and_say(ways[i].name, in("plain"), ways[i].flags);
    read_and_say("trailing slash", in("plain/"), O_RDONLY);
    read_and_say("missing", in("missing"), O_RDONLY);
    int fd = open_or_die(in("plain"), O_RDONLY);
    int other = open_or_die(in("plain"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    must(fstat(fd, &info), "fstat");
    print("mode %o size %ld owner %d", info.st_mode, (long)info.st_size, (int)info.st_uid);
    print("close on exec %d %d, nonblocking %d", fcntl(fd, F_GETFD), fcntl(other, F_GETFD),
          (fcntl(other, F_GETFL) & O_NONBLOCK) != 0);
    print("next number %d", other == fd + 1);
    say_bytes("part", bytes, read(fd, bytes, 4));
    say_bytes("own offset", bytes, read(other, bytes, 4));
    say_bytes("in place", bytes, pread(fd, bytes, 3, 7));
    print("end %ld", (long)lseek(fd, 0, SEEK_END));
    char *mapped = mmap(NULL, 11, PROT_READ, MAP_PRIVATE, fd, 0);
    say_bytes("mapped", mapped, mapped == MAP_FAILED ? -1 : 11);
    print("writing fails %d", write(fd, "x", 1) < 0);
    close(fd);
    close(other);
    /* Which error depends on the filesystem. */
    print("attributes %d %d %d %d", getxattr(in("plain"), "user.x", bytes, sizeof bytes) < 0,
          lgetxattr(in("to"), "user.x", bytes, sizeof bytes) < 0,
          listxattr(in("plain"), bytes, sizeof bytes) <= 0,
          llistxattr(in("plain"), bytes, sizeof bytes) <= 0);
    ssize_t listed = listxattr(in("missing"), bytes, sizeof bytes);
    print("attributes of nothing %zd errno=%d", listed, errno);
    snprintf(label, sizeof label, "by hand");
    fd = (int)syscall(SYS_openat, AT_FDCWD, in("plain"), O_RDONLY);
    say_bytes(label, bytes, fd < 0 ? -1 : read(fd, bytes, 4));
    close(fd);
}

static void ways_to_write(void) {
    print("-- writing");
    read_and_say("at first", in("keep"), O_RDONLY);
    write_and_say("O_WRONLY", in("keep"), O_WRONLY, "FIRST");
    read_and_say("then", in("keep"), O_RDONLY);
    write_and_say("O_APPEND", in("keep"), O_WRONLY | O_APPEND, "third\n");
    read_and_say("then", in("keep"), O_RDONLY);
    write_and_say("O_TRUNC", in("keep"), O_WRONLY | O_TRUNC | O_CREAT, "new\n");
    read_and_say("then", in("keep"), O_RDONLY);
    write_and_say("O_RDWR", in("keep"), O_RDWR, "N");
    read_and_say("then", in("keep"), O_RDWR);
    write_and_say("O_CREAT|O_EXCL", in("keep"), O_WRONLY | O_CREAT | O_EXCL, "x");
    read_and_say("O_RDONLY|O_TRUNC", in("keep"), O_RDONLY | O_TRUNC);
    read_and_say("then", in("keep"), O_RDONLY);
    write_and_say("O_WRONLY|O_DIRECTORY", in("keep"), O_WRONLY | O_DIRECTORY, "x");
}

static void redirected(void) {
    print("-- another file");
    read_and_say("at first", in("to"), O_RDONLY);
    write_and_say("O_TRUNC", in("to"), O_WRONLY | O_TRUNC, "through\n");
    read_and_say("then", in("to"), O_RDONLY);
    write_and_say("O_APPEND", in("to"), O_WRONLY | O_APPEND, "more\n");
    read_and_say("then", in("to"), O_RDONLY);
    read_and_say("O_DIRECTORY", in("to"), O_RDONLY | O_DIRECTORY);
    read_and_say("O_CREAT|O_EXCL", in("to"), O_RDONLY | O_CREAT | O_EXCL);
}

/* What is written through one descriptor is read through another. */
static void shared(void) {
    char bytes[32];
    print("-- one file for all");
    int writer = open_or_die(in("keep"), O_WRONLY);
    int reader = open_or_die(in("keep"), O_RDONLY);
    print("wrote %zd", write(writer, "shared", 6));
    say_bytes("read", bytes, read(reader, bytes, sizeof bytes));
    close(writer);
    close(reader);
}

static void limits(void) {
    struct rlimit limit, few;
    int lowest = open_or_die("/dev/null", O_RDONLY);
    close(lowest);
    print("-- no room");
    must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    few = (struct rlimit){(rlim_t)lowest, limit.rlim_max};
    must(setrlimit(RLIMIT_NOFILE, &few), "setrlimit");
    static const char *const names[] = {"plain", "keep", "to"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        errno = 0;
        int fd = open(in(names[i]), O_RDONLY);
        print("%s %d errno=%d", names[i], fd, errno);
    }
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    int fd = open_or_die(in("plain"), O_RDONLY);
    print("nothing is left open %d", fd == lowest);
    close(fd);
}

static void as_nobody(void *unused) {
    (void)unused;
    print("-- without privilege");
    become(12345, NULL, 0);
    read_and_say("plain", in("plain"), O_RDONLY);
    read_and_say("secret", in("secret"), O_RDONLY);
    write_and_say("plain", in("plain"), O_WRONLY, "x");
    write_and_say("keep", in("keep"), O_WRONLY, "x");
}

int main(int count, char **words) {
    if (count < 2)
        die("needs a directory");
    snprintf(place, sizeof place, "%s", words[1]);
    ways_to_read();
    ways_to_write();
    redirected();
    limits();
    if (geteuid() == 0)
        in_child(as_nobody, NULL, "nobody");
    shared();
    return 0;
}
