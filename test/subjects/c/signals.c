/* signals restart|plain - a storm of signals during stopped calls: an interval timer and a child
 * that never stops sending. With SA_RESTART nothing may be seen of it. Without it a call may end
 * with EINTR (natively statfs never does); that is counted in a note. No answer may be wrong. */
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST = 100000, BARREN = 8 };
static volatile sig_atomic_t alarms, users;
static atomic_long interrupted, wrong, answered;
/* Microseconds from signal to signal, which the sender reads, too. */
static atomic_long *interval;

static void arm(void) {
    long time = atomic_load(interval);
    struct itimerval timer = {{0, time}, {0, time}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* A machine that has become slower than it was measured would never get through with a call. */
static void on_alarm(int number) {
    static long seen, barren;
    (void)number;
    alarms++;
    long now_answered = atomic_load(&answered);
    barren = now_answered == seen ? barren + 1 : 0;
    seen = now_answered;
    if (barren < BARREN || atomic_load(interval) >= LONGEST)
        return;
    barren = 0;
    atomic_store(interval, 2 * atomic_load(interval));
    arm();
}

static void on_user(int number) {
    (void)number;
    users++;
}

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

struct question {
    const char *path; /* NULL: the descriptor */
    int fd;
    struct answer right;
};

static struct answer put(const struct question *question) {
    return question->path ? ask_path(question->path) : ask_fd(question->fd);
}

static struct question questions[] = {
    {.path = "tree/file"},
    {.path = "tree/missing"},
    {.path = "/proc/version"},
    {.path = "tree/down/bottom"},
    {.fd = 630},
    {.fd = 631},
    {.fd = 9999},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

static void ask_all(long calls) {
    struct dice dice = {.state = 88172645463325252u};
    for (long i = 0; i < calls; i++) {
        struct question *question = &questions[roll(&dice, QUESTIONS)];
        struct answer answer = put(question);
        atomic_fetch_add(&answered, 1);
        if (same_answer(&answer, &question->right))
            continue;
        if (answer.ret == -1 && answer.error == EINTR && answer.intact)
            atomic_fetch_add(&interrupted, 1);
        else if (atomic_fetch_add(&wrong, 1) < 10)
            say(question->path ? question->path : "WRONG descriptor", &answer);
    }
}

static void *thread_body(void *context) {
    ask_all(*(long *)context);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: signals restart|plain");
    bool restart = strcmp(argv[1], "restart") == 0;
    make_sample_tree();
    int fd = open_or_die("tree/file", O_RDONLY);
    must(dup2(fd, 630), "dup2");
    must(dup2(open_or_die("/proc/version", O_RDONLY), 631), "dup2");
    for (int i = 0; i < QUESTIONS; i++) {
        char label[32];
        questions[i].right = put(&questions[i]);
        snprintf(label, sizeof label, "question %d", i);
        say(label, &questions[i].right);
    }

    /* The storm is as dense as it may be without stopping all progress on a slow machine. */
    long began = now();
    for (int i = 0; i < 64; i++)
        put(&questions[i % QUESTIONS]);
    long one_call = (now() - began) / 64;
    long time = one_call * 3 / 2 / 1000;
    if (time < 50)
        time = 50;
    if (time > LONGEST) /* a pause of the machine was measured, not a call */
        time = LONGEST;
    interval =
        mmap(NULL, sizeof *interval, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (interval == MAP_FAILED)
        die("mmap");
    atomic_store(interval, time);

    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
    must(sigaction(SIGALRM, &action, NULL), "sigaction");
    action.sa_handler = on_user;
    must(sigaction(SIGUSR1, &action, NULL), "sigaction");

    pid_t parent = getpid();
    pid_t sender = (pid_t)must(fork(), "fork");
    if (sender == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent && kill(parent, SIGUSR1) == 0) {
            struct timespec pause = {0, atomic_load(interval) * 1700};
            nanosleep(&pause, NULL);
        }
        _exit(0);
    }
    arm();

    long calls = effort(4000);
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_body, &calls) != 0)
        die("pthread_create");
    ask_all(calls);
    pthread_join(thread, NULL);
    /* On a fast machine the calls are over before there was a storm worth the name. */
    while (alarms < 200 || users < 50)
        ask_all(50);

    struct itimerval timer = {0};
    must(setitimer(ITIMER_REAL, &timer, NULL), "setitimer");
    must(kill(sender, SIGKILL), "kill the sender");
    while (waitpid(sender, NULL, 0) < 0 && errno == EINTR)
        continue;
    print("wrong answers: %ld", atomic_load(&wrong));
    if (restart)
        print("EINTR although SA_RESTART: %ld", atomic_load(&interrupted));
    print("note EINTR: %ld of about %ld calls; %d alarms, %d others, one call took %ld ns",
          atomic_load(&interrupted), 2 * calls, (int)alarms, (int)users, one_call);
    return 0;
}
