/* moved DIRECTORY FILE - another thread, in a mount namespace of its own, mounts over DIRECTORY and executes
 * a program, which gets the id of the first thread. Says what FILE, in DIRECTORY, holds before and then. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#define STACK (1 << 18)

static char **words;

static void say(const char *path) {
    char text[64] = "nothing\n";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        text[read(fd, text, sizeof text - 1)] = '\0';
    close(fd);
    printf("%s", text);
    fflush(stdout);
}

static int move(void *unused) {
    (void)unused;
    if (mount("own", words[1], "tmpfs", 0, NULL) != 0)
        _exit(2);
    int fd = open(words[2], O_WRONLY | O_CREAT, 0600);
    if (write(fd, "its own\n", 8) != 8)
        _exit(3);
    close(fd);
    execl("/proc/self/exe", words[0], words[1], words[2], "after", NULL);
    _exit(4);
}

int main(int count, char **arguments) {
    words = arguments;
    say(arguments[2]);
    say(arguments[2]); /* known by now */
    if (count > 3)
        return 0;
    char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (clone(move, stack + STACK,
              CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_NEWNS,
              NULL) < 0)
        return 5;
    for (;;)
        pause();
}
