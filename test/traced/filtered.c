/* filtered ACTION DIRECTORY - allows itself few calls, all others ACTION (kill, refuse, unknown: only
 * numbers that no kernel has are refused), and says what it then finds below DIRECTORY. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOST 64

static const char *directory;

static char *in(const char *name) {
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void confine(const char *action) {
    static const unsigned calls[] = {SYS_read,   SYS_write,      SYS_openat,     SYS_close,
                                     SYS_fstat,  SYS_newfstatat, SYS_statfs,     SYS_faccessat,
                                     SYS_exit,   SYS_exit_group, SYS_readlinkat, SYS_truncate,
#ifdef SYS_access
                                     SYS_access,
#endif
                                     SYS_fstatfs};
    const unsigned count = sizeof calls / sizeof *calls;
    const unsigned refuses = SECCOMP_RET_ERRNO | EPERM;
    struct sock_filter filter[MOST];
    unsigned length = 0;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                    offsetof(struct seccomp_data, nr));
    if (strcmp(action, "unknown") == 0) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000, 1, 0);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, refuses);
    } else {
        for (unsigned i = 0; i < count; i++)
            filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i],
                                                            (unsigned char)(count - i), 0);
        const bool kills = strcmp(action, "kill") == 0;
        filter[length++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, kills ? SECCOMP_RET_KILL_PROCESS : refuses);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    const struct sock_fprog program = {.len = (unsigned short)length, .filter = filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        perror("seccomp");
}

static const char *result(int value) {
    return value < 0 ? strerrorname_np(errno) : "done";
}

static void tell(const char *what, const char *path, int flags) {
    char text[64] = {0};
    int fd = open(path, flags);
    const char *opened = result(fd);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[strcspn(text, "\n")] = '\0';
    printf("%s: %s\n", what, got < 0 ? opened : text);
    close(fd);
}

int main(int count, char **arguments) {
    static char table[1 << 16];
    struct statfs filesystem = {0};
    struct stat info = {0};
    directory = count > 2 ? arguments[2] : ".";
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("begins\n"); /* what a first line needs is there */
    confine(count > 1 ? arguments[1] : "kill");
    tell("content", in("content"), O_RDONLY);
    tell("no link", in("content"), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    tell("redirect", in("redirect"), O_RDONLY);
    tell("not to be written", in("content"), O_RDWR);
    int kept = open(in("kept"), O_WRONLY | O_TRUNC);
    printf("written: %s\n", kept >= 0 && write(kept, "new\n", 4) == 4 ? "done" : "error");
    close(kept);
    tell("kept", in("kept"), O_RDONLY);
    int fd = open("/proc/self/mounts", O_RDONLY);
    size_t length = 0;
    for (ssize_t got; (got = read(fd, table + length, sizeof table - 1 - length)) > 0;)
        length += (size_t)got;
    printf("table: %s\n", strstr(table, " told ") ? "told" : "true");
    const char *said = result(statfs("/proc", &filesystem));
    printf("statfs: %s %lx\n", said, (long)filesystem.f_type);
    close(fd);
    fd = open("/proc", O_RDONLY | O_DIRECTORY);
    said = result(fstatfs(fd, &filesystem));
    printf("fstatfs: %s %lx\n", said, (long)filesystem.f_type);
    said = result(stat(in("content"), &info));
    printf("stat: %s %ld\n", said, (long)info.st_size);
    printf("access: %s\n", result(access(in("missing/none"), R_OK)));
    printf("truncate: %s\n", result(truncate(in("content"), 0)));
    return 0;
}
