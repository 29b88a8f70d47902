/* ask.c - does what it is told, one word after the other, and prints one line for each:
 *   open MODE FILE COUNT   opens it that often (MODE: r, w, rw, t for truncating), and keeps all
 *   fork                   what follows is done by a child; this one waits
 *   line                   the first line of each open file, read by its own position
 *   memory                 MiB that the files in memory take that are open, each counted once
 *   truncate FILE SIZE, grow SIZE (the last one, by ftruncate), write SIZE (to the last one)
 *   close                  all of them
 *   fstatfs, statfs FILE   the type */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static int files[1024], count;

static void result(const char *what, long value) {
    if (value < 0)
        printf("%s: %s\n", what, strerrorname_np(errno));
    else
        printf("%s: %ld\n", what, value);
}

static void open_all(const char *mode, const char *path, int times) {
    int flags = strcmp(mode, "r") == 0   ? O_RDONLY
                : strcmp(mode, "w") == 0 ? O_WRONLY
                : strcmp(mode, "t") == 0 ? O_WRONLY | O_TRUNC
                                         : O_RDWR;
    int opened = 0, error = 0;
    for (int i = 0; i < times; i++) {
        int fd = open(path, flags);
        if (fd < 0)
            error = errno;
        else
            files[count++] = fd;
        opened += fd >= 0;
    }
    printf("open: %d%s%s\n", opened, error ? " " : "", error ? strerrorname_np(error) : "");
}

/* The first lines of all that were opened, if they are one. */
static void first_line(void) {
    char line[256] = "", other[256];
    for (int i = 0; i < count; i++) {
        ssize_t got = read(files[i], other, sizeof other - 1);
        if (got < 0)
            continue;
        other[got] = '\0';
        other[strcspn(other, "\n")] = '\0';
        if (i > 0 && strcmp(line, other) != 0) {
            printf("line: %s and %s\n", line, other);
            return;
        }
        strcpy(line, other);
    }
    printf("line: %s\n", line);
}

static void memory(void) {
    long long blocks = 0;
    struct stat seen[1024], info;
    int different = 0;
    for (int i = 0; i < count; i++) {
        struct statfs filesystem;
        char entry[64], link[64] = "";
        snprintf(entry, sizeof entry, "/proc/self/fd/%d", files[i]);
        if (fstat(files[i], &info) != 0 || readlink(entry, link, sizeof link - 1) < 0 ||
            strncmp(link, "/memfd:", 7) != 0 || fstatfs(files[i], &filesystem) != 0)
            continue;
        int known = 0;
        for (int k = 0; k < different; k++)
            known |= seen[k].st_ino == info.st_ino && seen[k].st_dev == info.st_dev;
        if (known)
            continue;
        seen[different++] = info;
        blocks += info.st_blocks;
    }
    printf("memory: %lld\n", blocks / 2048);
}

static long write_much(long size) {
    static char bytes[1 << 20];
    memset(bytes, 'w', sizeof bytes);
    for (long done = 0; done < size;) {
        ssize_t put = write(files[count - 1], bytes, sizeof bytes);
        if (put <= 0)
            return -1;
        done += put;
    }
    return size;
}

static long type_of(int error, const struct statfs *filesystem) {
    return error != 0 ? -1 : (long)(unsigned)filesystem->f_type;
}

int main(int words, char **word) {
    struct statfs filesystem;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < words; i++) {
        if (strcmp(word[i], "open") == 0) {
            open_all(word[i + 1], word[i + 2], atoi(word[i + 3]));
            i += 3;
        } else if (strcmp(word[i], "fork") == 0) {
            if (fork() != 0) {
                wait(NULL);
                return 0;
            }
        } else if (strcmp(word[i], "line") == 0) {
            first_line();
        } else if (strcmp(word[i], "memory") == 0) {
            memory();
        } else if (strcmp(word[i], "truncate") == 0) {
            result("truncate", truncate(word[i + 1], atoll(word[i + 2])));
            i += 2;
        } else if (strcmp(word[i], "grow") == 0) {
            result("grow", ftruncate(files[count - 1], atoll(word[++i])));
        } else if (strcmp(word[i], "write") == 0) {
            result("write", write_much(atol(word[++i])));
        } else if (strcmp(word[i], "fstatfs") == 0) {
            int error = fstatfs(files[count - 1], &filesystem);
            result("fstatfs", type_of(error, &filesystem));
        } else if (strcmp(word[i], "statfs") == 0) {
            int error = statfs(word[++i], &filesystem);
            result("statfs", type_of(error, &filesystem));
        } else if (strcmp(word[i], "close") == 0) {
            while (count > 0)
                close(files[--count]);
        } else {
            printf("%s?\n", word[i]);
            return 2;
        }
    }
    return 0;
}
