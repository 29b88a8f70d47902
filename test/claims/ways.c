/* ways DIRECTORY - tries every way of writing to files below it that a policy names, and says for
 * each what the call returned: a number, or the name of an error. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef O_DIRECT
#define O_DIRECT 040000
#endif

static const char *directory;

static char *in(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static int say(const char *way, int result) {
    printf("%s: %s\n", way, result < 0 ? strerrorname_np(errno) : "done");
    fflush(stdout);
    return result;
}

static void write_and_close(int fd) {
    if (fd < 0)
        return;
    if (write(fd, "bad!", 4) != 4)
        printf("write: %s\n", strerrorname_np(errno));
    close(fd);
}

int main(int count, char **arguments) {
    directory = count > 1 ? arguments[1] : ".";
#ifdef SYS_creat
    write_and_close(say("creat refused", (int)syscall(SYS_creat, in("refused"), 0666)));
    write_and_close(say("creat discarded", (int)syscall(SYS_creat, in("discarded"), 0666)));
    write_and_close(say("creat redirected", (int)syscall(SYS_creat, in("redirected"), 0666)));
#endif
    write_and_close(say("target missing", open(in("missing"), O_WRONLY | O_CREAT | O_TRUNC, 0666)));
    write_and_close(say("target a FIFO", open(in("fifo"), O_WRONLY | O_NONBLOCK)));
    write_and_close(say("not the owner's", open(in("owned"), O_WRONLY | O_NOATIME)));
    write_and_close(say("direct", open(in("kept"), O_WRONLY | O_DIRECT)));
    say("truncate", truncate(in("gone"), 0));

    int sealed = open(in("kept"), O_RDWR);
    say("seal", fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE));
    /* Of the future alone, of executing: Linux 5.1, 6.3. */
    for (int seal = F_SEAL_SEAL; seal <= 0x20; seal *= 2)
        if (fcntl(sealed, F_ADD_SEALS, seal) == 0)
            printf("sealed: 0x%x\n", (unsigned)seal);
    close(sealed);
    int next = say("next writer", open(in("kept"), O_WRONLY | O_TRUNC));
    say("next write", (int)write(next, "next\n", 5));
    close(next);
    return 0;
}
