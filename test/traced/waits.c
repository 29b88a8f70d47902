/* waits - each call waits while signals come all the time that the program ignores, or one that it
 * does not. Says how each has ended, and if that was before its time. `threads`: exits with how
 * often a wait has ended early while its threads have children. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long a call waits: over soon, where no signal is to end it, and not before one that is. */
#define SHORT_MS 300
#define LONG_MS 600000
/* Sockets count in ticks of the kernel, of which the first is over at once: 10 ms at HZ=100. */
#define TICK_MS 10

static int watched, ends[2], semaphore;
static sigset_t awaited;
static int time_ms;
static struct timespec time_out;

static void set_time(int milliseconds) {
    const struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000L};
    time_ms = milliseconds;
    time_out = (struct timespec){time.tv_sec, time.tv_usec * 1000L};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

/* Sends one that is ignored, and that the end of the handler lets in: it ends no call. */
static void handle(int number) {
    (void)number;
    raise(SIGUSR1);
}

static void pause_for(long milliseconds) {
    const struct timespec time = {0, milliseconds * 1000000L};
    nanosleep(&time, NULL);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static long by_epoll(void) {
    struct epoll_event event;
    return syscall(SYS_epoll_pwait, watched, &event, 1, time_ms, NULL, 8UL);
}

static long by_signal(void) {
    return sigtimedwait(&awaited, NULL, &time_out);
}

static long by_semaphore(void) {
    struct sembuf down = {.sem_op = -1};
    return semtimedop(semaphore, &down, 1, &time_out);
}

static long by_read(void) {
    char byte;
    return read(ends[0], &byte, 1);
}

static long by_message(void) {
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return recvmsg(ends[0], &message, 0);
}

/* Until the process has stopped: a continuation would take the stop back. */
static void await_stop(pid_t process) {
    char name[64], text[512] = {0};
    snprintf(name, sizeof name, "/proc/%d/stat", process);
    for (char state = 'R'; state != 'T' && state != 't';) {
        FILE *status = fopen(name, "r");
        if (!status || !fgets(text, sizeof text, status))
            _exit(1);
        fclose(status);
        state = strrchr(text, ')')[2];
    }
}

/* Signals until the parent has had enough: `every` of these, in turn. */
static pid_t begin_signals(const int *numbers, int count) {
    const pid_t parent = getpid();
    const pid_t child = fork();
    for (int i = 0; child == 0; i++) {
        pause_for(7);
        if (kill(parent, numbers[i % count]) != 0)
            _exit(1);
        if (numbers[i % count] == SIGSTOP)
            await_stop(parent);
    }
    return child;
}

static void say(const char *what, long (*call)(void), const int *numbers, int count,
                int milliseconds) {
    set_time(milliseconds);
    const pid_t child = begin_signals(numbers, count);
    const double began = now();
    errno = 0;
    long result = call();
    const char *end = result < 0 ? strerrorname_np(errno) : "0";
    const bool early = now() - began < milliseconds - TICK_MS;
    printf("%s: %s%s\n", what, end, early ? ", early" : "");
    fflush(stdout);
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Children that end one after the other while the caller waits: SIGCHLD is ignored by default. */
static int by_children(void) {
    struct epoll_event event;
    for (int i = 1; i <= 20; i++)
        if (fork() == 0) {
            pause_for(10 * i);
            _exit(0);
        }
    int result = epoll_wait(watched, &event, 1, SHORT_MS);
    while (wait(NULL) > 0)
        ;
    return result;
}

/* Forks as fast as it can, and so takes signals that have woken another thread. */
static void *fork_often(void *argument) {
    for (int i = 0; i < 200; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    }
    __atomic_sub_fetch((int *)argument, 1, __ATOMIC_SEQ_CST);
    return argument;
}

/* How often a wait ends early, while other threads have children. */
static int by_threads(void) {
    struct epoll_event event;
    int running = 4, early = 0;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, fork_often, &running);
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) > 0)
        early += epoll_wait(watched, &event, 1, SHORT_MS) < 0;
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return early;
}

int main(int count, char **words) {
    static const int ignored[] = {SIGUSR1, SIGWINCH, SIGURG}, handled[] = {SIGUSR1, SIGUSR2},
                     stops[] = {SIGUSR1, SIGSTOP, SIGCONT};
    static const struct {
        const char *name;
        long (*call)(void);
    } calls[] = {
        {"epoll", by_epoll}, {"signal", by_signal},   {"semaphore", by_semaphore},
        {"read", by_read},   {"message", by_message},
    };
    struct sigaction action = {.sa_handler = handle};
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGUSR2, &action, NULL);
    signal(SIGUSR1, SIG_IGN);
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGHUP);
    sigprocmask(SIG_BLOCK, &awaited, NULL);
    watched = epoll_create1(0);
    if (count > 1 && strcmp(words[1], "threads") == 0)
        return by_threads();
    semaphore = semget(IPC_PRIVATE, 1, 0600);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, ends);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        say(calls[i].name, calls[i].call, ignored, 3, SHORT_MS);
        say("... handled", calls[i].call, handled, 2, LONG_MS);
    }
    say("... stopped", by_epoll, stops, 3, LONG_MS);
    semctl(semaphore, 0, IPC_RMID);
    printf("children: %d\n", by_children());
    return 0;
}
