/* threadexec - exec from a thread that is not the leader (its id changes under the supervisor),
 * while the others keep asking; and threads that go on after their leader has left. */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct answer right;
static atomic_int asking;

static void *ask_for_ever(void *unused) {
    (void)unused;
    for (;;) {
        struct answer answer = ask_path("tree/file");
        if (!same_answer(&answer, &right)) {
            say("WRONG", &answer);
            _exit(1);
        }
        atomic_store(&asking, 1);
    }
}

static void *become_next(void *context) {
    char *argument = context;
    while (atomic_load(&asking) == 0)
        sched_yield();
    execl("/proc/self/exe", "threadexec", "round", argument, NULL);
    die("exec");
}

static void look(const char *who) {
    char label[128];
    static const char *const paths[] = {"tree/file",
                                        "tree/missing",
                                        ".",
                                        "/proc/self/cwd/tree/file",
                                        "/proc/thread-self/cwd/tree/file",
                                        "/proc/self/fd/640",
                                        "/proc/thread-self/fd/640",
                                        "/proc/self/exe",
                                        "/proc"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        snprintf(label, sizeof label, "%s: %s", who, paths[i]);
        say_path(label, paths[i]);
    }
    snprintf(label, sizeof label, "%s: descriptor", who);
    say_fd(label, 640);
}

static void wait_until_alone(void) {
    char state = '?';
    while (state != 'Z') {
        char path[64], text[512] = "";
        snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
        int fd = open_or_die(path, O_RDONLY);
        must(read(fd, text, sizeof text - 1), "read stat");
        close(fd);
        const char *end = strrchr(text, ')');
        state = end != NULL ? end[2] : '?';
        sched_yield();
    }
}

/* The leader is a zombie now: /proc/PID/cwd, root and fd are gone, those of the task are not. */
static void *without_leader(void *unused) {
    (void)unused;
    wait_until_alone();
    look("without a leader");
    execl("/proc/self/exe", "threadexec", "last", NULL);
    execl("/proc/thread-self/exe", "threadexec", "last", NULL);
    die("exec");
}

static void *try_without_leader(void *unused) {
    (void)unused;
    wait_until_alone();
    execl("/proc/thread-self/exe", "threadexec", "trial", NULL);
    die("exec");
}

/* In gVisor such an exec never ends. */
static bool can_exec_without_leader(void) {
    const struct timespec limit = {3, 0};
    pthread_t thread;
    int status = 0;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    must(sigprocmask(SIG_BLOCK, &child, NULL), "sigprocmask");
    pid_t pid = (pid_t)must(fork(), "fork");
    if (pid == 0) {
        if (pthread_create(&thread, NULL, try_without_leader, NULL) != 0)
            die("pthread_create");
        pthread_exit(NULL);
    }
    bool ended = sigtimedwait(&child, NULL, &limit) == SIGCHLD;
    kill(pid, SIGKILL);
    must(waitpid(pid, &status, 0), "wait");
    must(sigprocmask(SIG_UNBLOCK, &child, NULL), "sigprocmask");
    if (ended && status != 0)
        die("trial");
    return ended;
}

/* A lucky few say nothing: of ten in gVisor one or two meet a tracer that is writing an answer. */
static int rounds(void) {
    long scaled = effort(20);
    return scaled < 10 ? 10 : (int)scaled;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "trial") == 0)
        return 0;
    if (argc == 2 && strcmp(argv[1], "last") == 0) {
        look("after exec without a leader");
        return 0;
    }
    int round = 0;
    if (argc == 3 && strcmp(argv[1], "round") == 0) {
        round = atoi(argv[2]);
    } else {
        make_sample_tree();
        int fd = open_or_die("tree/file", O_RDONLY);
        must(dup2(fd, 640), "dup2");
        close(fd);
    }
    char label[32];
    snprintf(label, sizeof label, "round %d", round);
    look(label);
    right = ask_path("tree/file");

    pthread_t thread;
    if (round == rounds()) {
        if (!can_exec_without_leader()) {
            print("exec by a thread whose leader has left hangs here");
            return 0;
        }
        if (pthread_create(&thread, NULL, without_leader, NULL) != 0)
            die("pthread_create");
        pthread_exit(NULL);
    }
    static char next[16];
    snprintf(next, sizeof next, "%d", round + 1);
    for (int i = 0; i < 3; i++)
        if (pthread_create(&thread, NULL, ask_for_ever, NULL) != 0)
            die("pthread_create");
    if (pthread_create(&thread, NULL, become_next, next) != 0)
        die("pthread_create");
    ask_for_ever(NULL);
}
