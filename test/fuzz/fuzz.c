/* fuzz.c - runs programs of calls, each in a process and a directory of its own, and prints their
 * transcripts. Rule: what it says of a program depends on that program only.
 *
 *     fuzz world PLACE real|told OWNER            makes what programs find
 *     fuzz make PLACE FILE                        the directories of the programs in FILE
 *     fuzz run PLACE FILE exact|interrupted       runs what `= NUMBER` begins, each until the next
 *     fuzz dump PLACE                             what is on the disk, asked natively
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

/* A program takes milliseconds; only to find out what hangs. */
enum { HANGS_SECONDS = 120 };

static void must(long result, const char *what) {
    if (result >= 0)
        return;
    perror(what);
    exit(1);
}

static void to_number(int from, int number) {
    must(from, "open");
    if (from == number)
        return;
    must(dup3(from, number, O_CLOEXEC), "dup3");
    close(from);
}

static void map_transcript(void) {
    the_transcript =
        mmap(NULL, sizeof *the_transcript, PROT_READ | PROT_WRITE, MAP_SHARED, FD_TRANSCRIPT, 0);
    if (the_transcript == MAP_FAILED)
        must(-1, "mmap");
}

static pid_t running;

static void on_hang(int number) {
    (void)number;
    kill(running, SIGKILL);
}

static void stay_open(int number) {
    must(fcntl(number, F_SETFD, 0), "fcntl");
}

/* Each call costs a traced process dozens of microseconds: what all programs find the same is made once,
 * by run_all(), and their directories natively, by make_all(). */
static void run_program(const char *place, const char *name, char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/p/%s", place, name);
    must(chdir(path), path);
    the_transcript->used = the_transcript->inodes = the_transcript->devices = 0;
    if (strstr(text, "exec ")) { /* it reads itself from there */
        must(ftruncate(FD_PROGRAM, 0), "ftruncate");
        must(pwrite(FD_PROGRAM, text, strlen(text) + 1, 0), "pwrite");
    }
    alarm(HANGS_SECONDS);
    running = fork();
    must(running, "fork");
    if (running == 0) {
        signal(SIGALRM, SIG_DFL);
        program_split(text);
        run_lines(0, the_program.count);
        _exit(0);
    }
    int status;
    while (waitpid(running, &status, 0) < 0 && errno == EINTR) {
    }
    say("ended %x\n", (unsigned)status);
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    if (strstr(text, "lie"))
        world_tell_and_restore_shared(place);
    if (strstr(text, "..")) /* it may have climbed out, also where the policy excuses it */
        world_tell_and_remove_strays(place);
    /* At once: who is killed later takes nothing of it along. */
    dprintf(FD_OUTPUT, "= %s\n", name);
    for (size_t at = 0; at < the_transcript->used;) {
        ssize_t put = write(FD_OUTPUT, the_transcript->text + at, the_transcript->used - at);
        must(put, "write");
        at += (size_t)put;
    }
}

typedef void visit(const char *place, const char *name, char *text);

static void each_program(const char *place, const char *file, visit *visit) {
    int opened = open(file, O_RDONLY | O_CLOEXEC);
    struct stat is;
    must(opened, file);
    must(fstat(opened, &is), file);
    char *text = calloc(1, (size_t)is.st_size + 1);
    for (ssize_t at = 0, got; at < is.st_size; at += got)
        must(got = read(opened, text + at, (size_t)(is.st_size - at)), file);
    close(opened);
    char *next;
    for (char *program = strstr(text, "= "); program; program = next) {
        char *body = strchr(program, '\n');
        if (!body)
            break;
        *body++ = 0;
        next = *body == '=' ? body : strstr(body, "\n= ");
        if (next && *next == '\n')
            *next++ = 0;
        visit(place, program + 2, body);
    }
}

static void make_one(const char *place, const char *name, char *text) {
    (void)text;
    world_make_one(place, name);
}

static void run_all(const char *place, const char *file) {
    /* gVisor of 2022 has none: what is left over of a program is nobody's there. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 && errno != EINVAL)
        must(-1, "prctl");
    to_number(fcntl(1, F_DUPFD_CLOEXEC, FD_OUTPUT), FD_OUTPUT);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        must(dup2(null, i), "dup2");
    close_range(3, FD_SELF - 1, 0);
    for (int number = FD_SELF; number <= FD_PROGRAM; number++)
        stay_open(number);
    struct stat procfs;
    must(stat("/proc", &procfs), "/proc");
    the_transcript->procfs = procfs.st_dev;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = on_hang};
    sigaction(SIGALRM, &action, NULL);
    run_prepare();
    run_warm();
    each_program(place, file, run_program);
    alarm(0);
    dprintf(FD_OUTPUT, "= end\n");
}

static int go_on(char **words) {
    map_transcript();
    the_program.tells_interrupts = words[4][0] == '1';
    struct stat is;
    must(fstat(FD_PROGRAM, &is), "fstat");
    char *text = calloc(1, (size_t)is.st_size + 1);
    must(pread(FD_PROGRAM, text, (size_t)is.st_size, 0), "pread");
    signal(SIGALRM, SIG_IGN);
    program_split(text);
    run_lines(atoi(words[2]), atoi(words[3]));
    return 0;
}

int main(int count, char **words) {
    if (count == 5 && !strcmp(words[1], "continue"))
        return go_on(words);
    if (count < 3)
        return 2;
    to_number(open("/proc/self/exe", O_PATH | O_CLOEXEC), FD_SELF);
    to_number(memfd_create("transcript", MFD_CLOEXEC), FD_TRANSCRIPT);
    to_number(memfd_create("program", MFD_CLOEXEC), FD_PROGRAM);
    must(ftruncate(FD_TRANSCRIPT, sizeof *the_transcript), "ftruncate");
    map_transcript();
    if (!strcmp(words[1], "world") && count == 5)
        world_make(words[2], !strcmp(words[3], "real"), (unsigned)atoi(words[4]));
    else if (!strcmp(words[1], "make") && count == 4)
        each_program(words[2], words[3], make_one);
    else if (!strcmp(words[1], "run") && count == 5) {
        the_program.tells_interrupts = !strcmp(words[4], "exact");
        run_all(words[2], words[3]);
    } else if (!strcmp(words[1], "dump"))
        world_dump(words[2]);
    else
        return 2;
    return fflush(stdout);
}
