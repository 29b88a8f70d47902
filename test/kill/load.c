/* load BLOCK_SIZE NAME_LENGTH STOP_FILE GO_SUBJECT SHELL_SUBJECT - asks for filesystems all the
 * time and checks every answer. /dev/shm must look like ext4 with these sizes, everything else as
 * it is.
 *
 * Obeys lines on standard input: "go" starts the load (threads here, and the two other subjects;
 * "-": no such subject), "stop" ends it, the end of input ends us. Says "ready", then after each
 * stop one JSON object a subject and "stopped". Ends with 1 if an answer was wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define EXT4 0xef53
#define TMPFS 0x1021994
#define PROC 0x9fa0

static long block_size, name_length;
static atomic_bool stopping;
static int shm, descriptors_at_start;

struct tally {
    unsigned long calls, native, wrong;
};

static struct tally tallies[THREADS];

static void complain(struct tally *tally, const char *what, int result,
                     const struct statfs *answer) {
    int error = errno;
    tally->wrong++;
    fprintf(stderr, "load: %s: result %d, %s, type %lx\n", what, result,
            result == 0 ? "no error" : strerror(error), (unsigned long)answer->f_type);
}

static void spoofed(struct tally *tally, const char *what, int result,
                    const struct statfs *answer) {
    tally->calls++;
    if (result == 0 && answer->f_type == TMPFS)
        tally->native++;
    else if (result != 0 || answer->f_type != EXT4 || answer->f_bsize != block_size ||
             answer->f_namelen != name_length)
        complain(tally, what, result, answer);
}

static void fails(struct tally *tally, const char *what, int result, int expected,
                  const struct statfs *answer) {
    tally->calls++;
    if (result != -1 || errno != expected)
        complain(tally, what, result, answer);
}

static void complain_of_table(struct tally *tally, const char *what, int fd) {
    tally->wrong++;
    fprintf(stderr, "load: mount table: %s, descriptor %d, %s\n", what, fd, strerror(errno));
}

/* The line of /dev/shm in the table says ext4. A descriptor that was given out by mistake would be
 * one of ours: a number below those that the program has had from its start, or another file. */
static void mount_table(struct tally *tally) {
    char text[16384];
    size_t have = 0;
    ssize_t got;
    int fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
    tally->calls++;
    if (fd <= shm) {
        complain_of_table(tally, "open", fd);
        return;
    }
    while ((got = read(fd, text + have, sizeof text - 1 - have)) > 0)
        have += (size_t)got;
    text[have] = '\0';
    if (got < 0 || close(fd) != 0)
        complain_of_table(tally, "read and close", fd);
    const char *line = strstr(text, " /dev/shm ");
    if (line && strncmp(line, " /dev/shm tmpfs ", 16) == 0)
        tally->native++;
    else if (!line || strncmp(line, " /dev/shm ext4 ", 15) != 0)
        complain_of_table(tally, line ? line : "no line", fd);
}

#define KEPT "/dev/shm/seccomp-spoof-kept"

/* A file that only a rule makes keeps what is written, whatever happens to workers: each thread has
 * its own place in it. */
static void kept_file(struct tally *tally, long place) {
    static _Atomic long counter;
    long written = ++counter, got = -1;
    int writer = open(KEPT, O_WRONLY | O_CLOEXEC);
    bool wrote = writer > shm && pwrite(writer, &written, sizeof written, place) == sizeof written;
    int reader = open(KEPT, O_RDONLY | O_CLOEXEC);
    bool read_back = reader > shm && pread(reader, &got, sizeof got, place) == sizeof got;
    tally->calls += 2;
    if (!wrote || !read_back || got != written) {
        tally->wrong++;
        fprintf(stderr, "load: kept file: descriptors %d and %d, wrote %ld, read %ld, %s\n", writer,
                reader, written, got, strerror(errno));
    }
    if (writer >= 0)
        close(writer);
    if (reader >= 0)
        close(reader);
}

/* Once the threads are gone nothing is left of what they have opened. */
static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void round_of_calls(struct tally *tally, long place) {
    struct statfs answer;
    memset(&answer, 0xaa, sizeof answer);
    spoofed(tally, "statfs", statfs("/dev/shm", &answer), &answer);
    memset(&answer, 0xaa, sizeof answer);
    spoofed(tally, "fstatfs", fstatfs(shm, &answer), &answer);
    memset(&answer, 0xaa, sizeof answer);
    spoofed(tally, "statfs, another way", statfs("/dev/../dev/shm/.", &answer), &answer);
    int result = statfs("/proc", &answer);
    tally->calls++;
    if (result != 0 || answer.f_type != PROC)
        complain(tally, "/proc", result, &answer);
    mount_table(tally);
    kept_file(tally, place);
    fails(tally, "no such file", statfs("/dev/shm/no/such/file", &answer), ENOENT, &answer);
    fails(tally, "no descriptor", fstatfs(-1, &answer), EBADF, &answer);
    fails(tally, "no path", (int)syscall(SYS_statfs, 1, &answer), EFAULT, &answer);
    fails(tally, "no buffer", (int)syscall(SYS_fstatfs, shm, 1), EFAULT, &answer);
}

static void on_signal(int signal) {
    (void)signal;
}

/* The first thread is interrupted all the time, as Go's are. */
static void interrupt_myself(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGURG, &action, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGURG};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    timer_t timer;
    struct itimerspec often = {{0, 500000}, {0, 500000}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &often, NULL) != 0) {
        perror("load: timer");
        exit(2);
    }
}

static void *ask(void *argument) {
    struct tally *tally = argument;
    do
        round_of_calls(tally, (long)sizeof(long) * (1 + (tally - tallies)));
    while (!atomic_load(&stopping));
    return NULL;
}

static void *ask_interrupted(void *argument) {
    interrupt_myself();
    return ask(argument);
}

static pid_t start(const char *subject, char **arguments) {
    if (strcmp(subject, "-") == 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        close(0);
        if (open("/dev/null", O_RDONLY) != 0)
            _exit(2);
        execv(subject, arguments);
        perror(subject);
        _exit(2);
    }
    if (child < 0)
        exit(2);
    return child;
}

static bool run_load(char **argv) {
    static char line[64];
    pthread_t threads[THREADS];
    memset(tallies, 0, sizeof tallies);
    atomic_store(&stopping, false);
    unlink(argv[3]);
    char *go[] = {argv[4], argv[1], argv[2], argv[3], NULL};
    char *shell[] = {"/bin/sh", argv[5], argv[2], argv[3], NULL};
    pid_t children[] = {start(argv[4], go), start(strcmp(argv[5], "-") ? "/bin/sh" : "-", shell)};
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, i == 0 ? ask_interrupted : ask, &tallies[i]) != 0)
            exit(2);

    bool fine = fgets(line, sizeof line, stdin) != NULL && strcmp(line, "stop\n") == 0;
    atomic_store(&stopping, true);
    struct tally all = {0};
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all.calls += tallies[i].calls;
        all.native += tallies[i].native;
        all.wrong += tallies[i].wrong;
    }
    if (open_descriptors() != descriptors_at_start) {
        fprintf(stderr, "load: %d descriptors are open\n", open_descriptors());
        all.wrong++;
    }
    int stop = open(argv[3], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    fine = stop >= 0 && fine;
    printf("{\"subject\":\"c\",\"calls\":%lu,\"native\":%lu,\"wrong\":%lu}\n", all.calls,
           all.native, all.wrong);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        int status = 0;
        if (children[i] != 0 && (waitpid(children[i], &status, 0) < 0 || status != 0)) {
            fprintf(stderr, "load: subject %d ended with %x\n", i, (unsigned)status);
            fine = false;
        }
    }
    close(stop);
    puts("stopped");
    fflush(stdout);
    return fine && all.wrong == 0;
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    block_size = atol(argv[1]);
    name_length = atol(argv[2]);
    shm = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shm < 0)
        return 2;
    descriptors_at_start = open_descriptors();
    struct tally first = {0};
    round_of_calls(&first, 0);
    bool fine = first.wrong == 0 && first.native == 0;
    puts("ready");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL)
        fine = strcmp(line, "go\n") == 0 && run_load(argv) && fine;
    return fine ? 0 : 1;
}
