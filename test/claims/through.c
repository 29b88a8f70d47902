/* through SCENARIO DIRECTORY - tries to write to a file that a rule names, by ways that are hard to
 * follow; says what each of them gives. `make` first makes what the others walk along, without a
 * supervisor. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINKS 40
#define NAME_LENGTH 200

static void die(const char *what) {
    perror(what);
    exit(2);
}

static const char *error_of(long result) {
    return result < 0 ? strerrorname_np(errno) : "done";
}

/* ---- every way to write ---- */

static void try_all(const char *scenario, const char *path) {
    struct open_how how = {.flags = O_WRONLY | O_TRUNC};
    char text[32] = {0};
    printf("%s: %s", scenario, error_of(open(path, O_WRONLY | O_TRUNC)));
    printf(" %s", error_of(open(path, O_RDWR)));
    printf(" %s", error_of(open(path, O_RDONLY | O_TRUNC)));
    printf(" %s", error_of(open(path, O_WRONLY | O_CREAT, 0666)));
    printf(" %s", error_of(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how)));
    printf(" %s", error_of(creat(path, 0666)));
    printf(" %s", error_of(truncate(path, 0)));
    int fd = open(path, O_RDONLY);
    printf(", %s\n", fd >= 0 && read(fd, text, sizeof text - 1) > 0 ? text : error_of(fd));
}

/* ---- links ---- */

static void make_link(const char *target, const char *format, int number) {
    char name[32];
    snprintf(name, sizeof name, format, number);
    if (symlink(target, name) != 0)
        die(name);
}

/* The same directory, by links that lead to each other: of as many as the kernel follows, or of a
 * few whose texts are long. */
static void make_links(void) {
    char target[4096];
    make_link(".", "many%d", 1);
    for (int i = 2; i < LINKS + 2; i++) {
        snprintf(target, sizeof target, "many%d", i - 1);
        make_link(target, "many%d", i);
    }
    make_link(".", "long%d", 1);
    for (int i = 2; i < 6; i++) {
        int length = snprintf(target, sizeof target, "long%d/", i - 1);
        while (length + 3 < (int)sizeof target)
            length += snprintf(target + length, sizeof target - (size_t)length, "./");
        make_link(target, "long%d", i);
    }
}

/* ---- depth ---- */

/* Goes down from here, as far as the path of the directory becomes no longer than `most`; makes
 * what is not there. */
static void go_down(const char *place, size_t most) {
    char name[NAME_LENGTH + 1], path[4096];
    if ((mkdir(place, 0777) != 0 && errno != EEXIST) || chdir(place) != 0 ||
        !getcwd(path, sizeof path))
        die(place);
    for (size_t length = strlen(path); length + 1 < most;) {
        const size_t rest = most - length - 1;
        const size_t part = rest < NAME_LENGTH ? rest : NAME_LENGTH;
        memset(name, 'd', part);
        name[part] = '\0';
        if ((mkdir(name, 0777) != 0 && errno != EEXIST) || chdir(name) != 0)
            die(name);
        length += 1 + part;
    }
}

static const struct place {
    const char *name;
    size_t length; /* of the path of the directory where the file lies */
} places[] = {
    {"tree", 4800}, /* its name cannot be told */
    {"edge", 4092}, /* that of a new file cannot */
    {"stars", 4800},
    {"longer", 3850}, /* that of what it is redirected to cannot */
};
#define PLACES (sizeof places / sizeof *places)

static void go(const char *directory, const struct place *place) {
    if (chdir(directory) != 0)
        die(directory);
    go_down(place->name, place->length);
}

static void make_deep(const char *directory) {
    for (size_t i = 0; i < PLACES; i++) {
        go(directory, &places[i]);
        int fd = open("ruled", O_CREAT | O_WRONLY, 0666);
        if (fd < 0 || write(fd, "real", 4) != 4)
            die("ruled");
        close(fd);
    }
}

/* Without a supervisor: is each as it was? */
static void tell_deep(const char *directory) {
    for (size_t i = 0; i < PLACES; i++) {
        struct stat info;
        go(directory, &places[i]);
        printf("%s: %s, %s\n", places[i].name,
               stat("ruled", &info) == 0 && info.st_size == 4 ? "as it was" : "changed",
               access("new", F_OK) == 0 ? "and more" : "nothing new");
    }
}

static void write_deep(const char *directory, const struct place *place) {
    go(directory, place);
    try_all(place->name, "./ruled");
    printf("%s, new: %s\n", place->name, error_of(open("new", O_CREAT | O_EXCL | O_WRONLY, 0666)));
}

/* ---- a handler in between ---- */

#define HANDLED 300

static volatile sig_atomic_t handled, let_through;

/* Whatever the program was about to do when it came. */
static void write_in_handler(int signal) {
    const int error = errno;
    int fd = open("ruled", O_WRONLY | O_TRUNC);
    let_through += fd >= 0;
    close(fd);
    handled += signal == SIGALRM;
    errno = error;
}

/* Opens for reading what a tracer cannot redirect, for want of room for another path, and lets run.
 */
static void read_again_and_again(void) {
    const struct rlimit none = {1, 1};
    const struct itimerval soon = {{0, 0}, {0, 200}};
    const struct sigaction action = {.sa_handler = write_in_handler, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    if (setrlimit(RLIMIT_AS, &none) != 0)
        die("limits");
    for (int sent = 0; handled < HANDLED;) {
        /* One at a time: where calls take longer than that the next would come before this returns. */
        if (sent == handled && setitimer(ITIMER_REAL, &soon, NULL) == 0)
            sent++;
        int fd = open("ruled", O_RDONLY);
        if (fd >= 0)
            close(fd);
    }
    printf("%s\n", let_through == 0 ? "none let through" : "let through");
}

/* ---- a stop in between ---- */

/* Its state in /proc, once that is one of these. */
static char await_state(pid_t child, const char *states) {
    char name[64], line[512], state = '\0';
    snprintf(name, sizeof name, "/proc/%d/stat", child);
    while (state == '\0' || !strchr(states, state)) {
        FILE *file = fopen(name, "r");
        if (!file || !fgets(line, sizeof line, file))
            die(name);
        fclose(file);
        state = strrchr(line, ')')[2];
        syscall(SYS_sched_yield);
    }
    return state;
}

static void *take_signals(void *unused) {
    for (;;)
        pause();
    return unused;
}

/* A child waits in an open of a FIFO, is stopped there, and goes on. It is its other thread that
 * takes the signal to go on. */
static void stop_in_open(const char *path) {
    char text[32] = {0};
    int status;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        pthread_t other;
        if (pthread_create(&other, NULL, take_signals, NULL) != 0)
            die("thread");
        int fd = open(path, O_RDONLY);
        printf("%s\n", fd >= 0 && read(fd, text, sizeof text - 1) > 0 ? text : error_of(fd));
        exit(0);
    }
    await_state(child, "SZ");
    kill(child, SIGSTOP);
    waitpid(child, &status, WUNTRACED);
    kill(child, SIGCONT);
    waitpid(child, &status, WCONTINUED);
    if (await_state(child, "SZ") == 'S') {
        int fd = open("a-fifo", O_WRONLY);
        if (fd < 0 || write(fd, "written", 7) != 7)
            die("a-fifo");
        close(fd);
    }
    waitpid(child, &status, 0);
}

/* ---- a child that asks not to be traced ---- */

#define PAGE 4096UL
#define NEVER 0xa5 /* fills what nobody writes to */

/* By clone3(2), and on another stack: at its end nothing but the result may have changed. */
static long clone_there(struct clone_args **arguments, size_t *size, const void *stack) {
#ifdef __x86_64__
    long result = SYS_clone3;
    __asm__ volatile("mov %%rsp, %%r12; mov %3, %%rsp; syscall; mov %%r12, %%rsp"
                     : "+a"(result), "+D"(*arguments), "+S"(*size)
                     : "d"(stack)
                     : "r12", "rcx", "r11", "memory");
    return result;
#else
    (void)stack;
    const long result = syscall(SYS_clone3, *arguments, *size);
    return result < 0 ? -errno : result;
#endif
}

static bool is_never(const uint8_t *bytes, size_t length) {
    while (length > 0 && bytes[length - 1] == NEVER)
        length--;
    return length == 0;
}

static uint8_t *map_pages(size_t count) {
    return mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* `rest`: what lies behind the structure that the kernel knows. */
static void make_child(const char *name, size_t size, uint8_t rest, bool room, bool read_only) {
    static uint8_t *stack, *place;
    if (!stack && mprotect(stack = map_pages(2), PAGE, PROT_NONE) != 0)
        die("stack");
    place = map_pages(2);
    memset(stack + PAGE, NEVER, PAGE);
    struct clone_args *arguments = (void *)place;
    *arguments = (struct clone_args){.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
    place[PAGE - 1] = rest;
    if (read_only)
        mprotect(place, 2 * PAGE, PROT_READ);
    struct clone_args *given = arguments;
    size_t length = size;
    const long child = clone_there(&given, &length, stack + PAGE + (room ? PAGE : 0));
    const bool same = given == arguments && length == size && is_never(stack + PAGE, PAGE) &&
                      arguments->flags == CLONE_UNTRACED;
    if (child == 0) {
        char text[8] = {0};
        printf("%s: %s", name, same ? "same" : "changed");
        int fd = open("ruled", O_RDWR);
        printf(" %s,", fd >= 0 && read(fd, text, sizeof text - 1) > 0 ? text : error_of(fd));
        printf(" %s,", error_of(open("ruled", O_WRONLY | O_TRUNC)));
        fflush(stdout);
        _exit(0);
    }
    errno = (int)-child;
    if (child < 0)
        printf("%s:", name);
    else
        waitpid((pid_t)child, NULL, 0);
    printf(" %s, %s\n", error_of(child), same ? "same" : "changed");
    fflush(stdout);
    munmap(place, 2 * PAGE);
}

static void make_children(void) {
    make_child("short", 64, 0, true, false);
    make_child("plain", sizeof(struct clone_args), 0, true, false);
    make_child("read-only", sizeof(struct clone_args), 0, true, true);
    make_child("long", 600, 0, true, true);
    make_child("longest", PAGE, 0, true, true);
    make_child("longest, newer", PAGE, 1, true, true);
    make_child("too long", PAGE + 1, 0, true, false);
    make_child("too short", 8, 0, true, false);
    make_child("no room", 600, 0, false, false);
    make_child("nowhere", 600, 0, false, true);
}

int main(int count, char **arguments) {
    if (count != 3)
        return 2;
    const char *scenario = arguments[1], *directory = arguments[2];
    if (chdir(directory) != 0)
        die(directory);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(scenario, "make") == 0) {
        make_links();
        make_deep(directory);
    } else if (strcmp(scenario, "tell") == 0) {
        tell_deep(directory);
    } else if (strcmp(scenario, "links") == 0) {
        try_all("40 links", "many40/ruled");
        try_all("41 links", "many41/ruled");
        try_all("long links", "long5/ruled");
    } else if (strcmp(scenario, "depth") == 0) {
        for (size_t i = 0; i < PLACES; i++)
            write_deep(directory, &places[i]);
    } else if (strcmp(scenario, "handler") == 0) {
        read_again_and_again();
    } else if (strcmp(scenario, "fifo") == 0) {
        stop_in_open("a-fifo");
    } else if (strcmp(scenario, "stop") == 0) {
        stop_in_open("ruled");
    } else if (strcmp(scenario, "children") == 0) {
        make_children();
    } else {
        return 2;
    }
    return 0;
}
