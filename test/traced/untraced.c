/* untraced FILE - makes children by clone3(2) that ask not to be traced, with arguments that nobody
 * may write to; each says what it reads in FILE. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
    static const unsigned long long flags[] = {CLONE_UNTRACED, CLONE_UNTRACED | CLONE_VFORK,
                                               CLONE_UNTRACED | CLONE_CLEAR_SIGHAND};
    setvbuf(stdout, NULL, _IOLBF, 0);
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    struct clone_args *asked =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        mprotect(asked, size, PROT_READ | PROT_WRITE);
        *asked = (struct clone_args){.flags = flags[i], .exit_signal = SIGCHLD};
        mprotect(asked, size, PROT_READ);
        long child = syscall(SYS_clone3, asked, sizeof *asked);
        if (child == 0) {
            char text[64] = {0};
            int fd = open(arguments[count - 1], O_RDONLY);
            printf("child: %s", read(fd, text, sizeof text - 1) > 0 ? text : "nothing\n");
            fflush(stdout);
            _exit(3);
        }
        int status = -1;
        if (child > 0)
            waitpid((pid_t)child, &status, 0);
        printf("parent: %s, %s\n", child < 0 ? strerrorname_np(errno) : "done",
               status == 3 << 8 && asked->flags == flags[i] ? "as it was" : "changed");
    }
    return 0;
}
