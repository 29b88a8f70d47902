/* subject.c - see subject.h. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILLER = 0xa5, MARGIN = 64 };

/* The buffer of a call with a margin on both sides that nobody may write to. */
struct guarded {
    unsigned char before[MARGIN];
    struct statfs fs;
    unsigned char after[MARGIN];
};

static bool filled(const void *bytes, size_t length) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++)
        if (byte[i] != FILLER)
            return false;
    return true;
}

static struct answer finish(const struct guarded *guarded, long ret, int error) {
    struct answer answer = {.ret = ret, .error = ret < 0 ? error : 0, .fs = guarded->fs};
    answer.intact = filled(guarded->before, MARGIN) && filled(guarded->after, MARGIN) &&
                    (ret == 0 || filled(&guarded->fs, sizeof guarded->fs));
    return answer;
}

#ifndef SUBJECT_INT80
long raw_statfs(const void *path, void *buffer) {
    return syscall(SYS_statfs, path, buffer);
}

long raw_fstatfs(long fd, void *buffer) {
    return syscall(SYS_fstatfs, fd, buffer);
}
#endif

static long call(const char *path, int fd, struct statfs *fs) {
#ifdef SUBJECT_LIBC
    return path ? statfs(path, fs) : fstatfs(fd, fs);
#else
    return path ? raw_statfs(path, fs) : raw_fstatfs(fd, fs);
#endif
}

/* About the path or, if there is none, the descriptor. */
static struct answer ask(const char *path, int fd) {
    struct guarded guarded;
    memset(&guarded, FILLER, sizeof guarded);
    long ret = call(path, fd, &guarded.fs);
    return finish(&guarded, ret, errno);
}

struct answer ask_path(const char *path) {
    return ask(path, -1);
}

struct answer ask_fd(int fd) {
    return ask(NULL, fd);
}

bool same_answer(const struct answer *a, const struct answer *b) {
    return a->ret == b->ret && a->error == b->error && a->intact && b->intact &&
           (a->ret != 0 || (a->fs.f_type == b->fs.f_type && a->fs.f_namelen == b->fs.f_namelen &&
                            a->fs.f_bsize == b->fs.f_bsize && a->fs.f_frsize == b->fs.f_frsize &&
                            a->fs.f_flags == b->fs.f_flags));
}

void print(const char *format, ...) {
    char line[8192];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line - 1)
        die("a line that fits");
    line[length] = '\n';
    for (int done = 0; done <= length;) {
        ssize_t wrote = write(STDOUT_FILENO, line + done, (size_t)(length + 1 - done));
        if (wrote < 0 && errno != EINTR)
            _exit(98);
        if (wrote > 0)
            done += (int)wrote;
    }
}

void say(const char *label, const struct answer *answer) {
    if (!answer->intact)
        print("%s ret=%ld errno=%d BUFFER DAMAGED", label, answer->ret, answer->error);
    else if (answer->ret != 0)
        print("%s ret=%ld errno=%d", label, answer->ret, answer->error);
    else
        print("%s ret=0 errno=0 type=0x%lx namelen=%ld bsize=%ld flags=0x%lx", label,
              (unsigned long)answer->fs.f_type, (long)answer->fs.f_namelen,
              (long)answer->fs.f_bsize, (unsigned long)answer->fs.f_flags);
}

void say_path(const char *label, const char *path) {
    struct answer answer = ask_path(path);
    say(label, &answer);
}

void say_paths(const char *const paths[], size_t count) {
    for (size_t i = 0; i < count; i++)
        say_path(paths[i], paths[i]);
}

void say_fd(const char *label, int fd) {
    struct answer answer = ask_fd(fd);
    say(label, &answer);
}

void say_open(const char *label, const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        print("%s open errno=%d", label, errno);
        return;
    }
    say_fd(label, fd);
    close(fd);
}

void die(const char *what) {
    dprintf(STDERR_FILENO, "subject: %s: %s\n", what, strerror(errno));
    _exit(99);
}

void not_applicable(const char *reason) {
    print("not applicable: %s", reason);
    _exit(77);
}

long must(long result, const char *what) {
    if (result < 0)
        die(what);
    return result;
}

long may(long result, const char *what) {
    if (result >= 0)
        return result;
    if (errno != EPERM && errno != ENOSYS && errno != EINVAL && errno != ENODEV &&
        errno != EOPNOTSUPP)
        die(what);
    char reason[256];
    snprintf(reason, sizeof reason, "%s: %s", what, strerror(errno));
    not_applicable(reason);
}

long effort(long calls) {
    const char *text = getenv("SUBJECT_EFFORT");
    long percent = text ? atol(text) : 100;
    long scaled = calls * percent / 100;
    return scaled > 0 ? scaled : 1;
}

void make_file(const char *path, const char *text) {
    int fd = (int)must(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    must(write(fd, text, strlen(text)), path);
    close(fd);
}

void make_directory(const char *path, mode_t mode) {
    must(mkdir(path, 0700), path);
    must(chmod(path, mode), path);
}

void make_link(const char *target, const char *path) {
    must(symlink(target, path), path);
}

int open_or_die(const char *path, int flags) {
    return (int)must(open(path, flags | O_CLOEXEC, 0644), path);
}

char *absolute(const char *relative) {
    char *directory = getcwd(NULL, 0);
    char *path = NULL;
    if (directory == NULL || asprintf(&path, "%s/%s", directory, relative) < 0)
        die("absolute path");
    free(directory);
    return path;
}

void copy_self(const char *path, mode_t mode) {
    int from = open_or_die("/proc/self/exe", O_RDONLY);
    int to = open_or_die(path, O_WRONLY | O_CREAT | O_TRUNC);
    for (;;) {
        ssize_t moved = sendfile(to, from, NULL, 1 << 20);
        if (moved <= 0) {
            must(moved, path);
            break;
        }
    }
    must(fchmod(to, mode), path);
    close(from);
    close(to);
}

void reap(pid_t pid, const char *what) {
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            die(what);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        _exit(77);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        dprintf(STDERR_FILENO, "subject: %s: wait status 0x%x\n", what, (unsigned)status);
        _exit(99);
    }
}

void in_child(void (*body)(void *), void *context, const char *what) {
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        body(context);
        _exit(0);
    }
    reap(pid, what);
}

void become(uid_t id, const gid_t *groups, size_t count) {
    may(setgroups(count, groups), "setgroups");
    may(setresgid(id, id, id), "setresgid");
    may(setresuid(id, id, id), "setresuid");
}

void private_mounts(void) {
    may(unshare(CLONE_NEWNS), "unshare(CLONE_NEWNS)");
    may(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
}

void turn_make(struct turn *turn) {
    must(pipe2(turn->pipe, O_CLOEXEC), "pipe");
}

void turn_give(struct turn *turn) {
    must(write(turn->pipe[1], "!", 1), "give turn");
}

void turn_wait(struct turn *turn) {
    char byte;
    ssize_t got;
    while ((got = read(turn->pipe[0], &byte, 1)) < 0 && errno == EINTR)
        continue;
    if (got != 1)
        die("wait for turn");
}

static void child_has_ended(int signal) {
    (void)signal;
}

static bool is_there(const struct turn *turn, const struct timespec *patience,
                     const sigset_t *mask) {
    struct pollfd polled = {.fd = turn->pipe[0], .events = POLLIN};
    return ppoll(&polled, 1, patience, mask) == 1;
}

void turn_wait_for(struct turn *turn, pid_t child, const char *what) {
    const struct sigaction notice = {.sa_handler = child_has_ended};
    const struct timespec none = {0, 0};
    struct sigaction former_action;
    sigset_t ends, former_mask, while_waiting;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    must(sigprocmask(SIG_BLOCK, &ends, &former_mask), "sigprocmask");
    must(sigaction(SIGCHLD, &notice, &former_action), "sigaction");
    while_waiting = former_mask;
    sigdelset(&while_waiting, SIGCHLD);
    for (;;) {
        siginfo_t ended = {0};
        must(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT), what);
        if (is_there(turn, ended.si_pid == child ? &none : NULL, &while_waiting))
            break;
        if (ended.si_pid == child) {
            reap(child, what);
            dprintf(STDERR_FILENO, "subject: %s: ended before it gave the turn\n", what);
            _exit(99);
        }
    }
    must(sigaction(SIGCHLD, &former_action, NULL), "sigaction");
    must(sigprocmask(SIG_SETMASK, &former_mask, NULL), "sigprocmask");
    turn_wait(turn);
}

void beside_thread(void *(*body)(void *), void (*meanwhile)(void)) {
    struct turn turns[2];
    turn_make(&turns[0]);
    turn_make(&turns[1]);
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, turns) != 0)
        die("pthread_create");
    turn_wait(&turns[0]);
    meanwhile();
    turn_give(&turns[1]);
    pthread_join(thread, NULL);
}

uint32_t roll(struct dice *dice, uint32_t sides) {
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)((dice->state * 2685821657736338717u) >> 32) % sides;
}
