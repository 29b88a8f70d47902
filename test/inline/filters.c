/* filters unreadable|other-thread|beside|inherited|probed NUMBER - installs a filter that kills for
 * calls which the program itself never makes, when it answers calls by itself, or is about to; or has a place
 * where it makes one probed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forbid.h"

#define OPENS 300
#define PLACES 10

#if defined(__x86_64__)
#define MAKE_STATFS ".fill 16, 1, 0x90\nmov $137, %eax\nsyscall\nret\n"
#define MAKE_OPENAT ".fill 16, 1, 0x90\nmov $257, %eax\nsyscall\nret\n"
#else
#define MAKE_STATFS ".fill 8, 4, 0xd503201f\nmov x8, 43\nsvc 0\nret\n"
#define MAKE_OPENAT ".fill 8, 4, 0xd503201f\nmov x8, 56\nsvc 0\nret\n"
#endif

/* Calls of statfs(2), each in a page of its own. */
#define TEXT_OF(number) #number
#define PLACE(number)                                                                              \
    __asm__(".pushsection .text.places,\"ax\",@progbits\n.balign 4096\nplace" TEXT_OF(             \
        number) ":\n" MAKE_STATFS ".popsection\n");                                                \
    extern long place##number(const char *path, struct statfs *info);

PLACE(0)
PLACE(1) PLACE(2) PLACE(3) PLACE(4) PLACE(5) PLACE(6) PLACE(7) PLACE(8) PLACE(9)

    static long (*const places[PLACES])(const char *path, struct statfs *info) = {
        place0, place1, place2, place3, place4, place5, place6, place7, place8, place9};

/* Nobody without privilege can change its memory any more. */
static int unreadable(void) {
    for (int i = 0; i < 2 * OPENS; i++) {
        if (i == OPENS && (prctl(PR_SET_DUMPABLE, 0) != 0 || forbid_changes(0) != 0))
            return 1;
        if (open("/nowhere/at/all", O_RDONLY) >= 0)
            return 1;
    }
    return 0;
}

static _Atomic int asked;
static int wanted;

static void *installs(void *argument) {
    while (asked < wanted)
        ;
    return forbid_changes(SECCOMP_FILTER_FLAG_TSYNC) == 0 ? argument : NULL;
}

/* While a place is changed that it asks at. */
static int other_thread(void) {
    pthread_t other;
    void *result;
    int wrong = 0;
    struct statfs info;
    pthread_create(&other, NULL, installs, &wanted);
    for (int i = 0; i < PLACES; i++) {
        asked = i;
        wrong += places[i]("/", &info) != 0;
    }
    asked = PLACES;
    pthread_join(other, &result);
    return wrong + (result == NULL);
}

/* openat(2), by no C library's code. */
__asm__(".pushsection .text.places,\"ax\",@progbits\n.balign 4096\nopens:\n" MAKE_OPENAT
        ".popsection\n");
extern long opens(long directory, const char *path, long flags);

static int open_often(void) {
    int wrong = 0;
    for (int i = 0; i < OPENS; i++)
        wrong += opens(AT_FDCWD, "/nowhere/at/all", O_RDONLY) != -ENOENT;
    return wrong;
}

static _Atomic bool is_installed, may_open;

static int heir(void *argument) {
    while (!may_open)
        ;
    return argument != NULL || open_often() != 0;
}

static int with_filter(void *argument) {
    const int failed = forbid_changes(0);
    is_installed = true;
    return heir(argument) != 0 || failed != 0;
}

/* Who has the same memory has the filter. */
static int beside(void) {
    static char stack[65536];
    int status = -1;
    const pid_t other = clone(with_filter, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    while (!is_installed)
        ;
    const int wrong = open_often();
    may_open = true;
    return waitpid(other, &status, 0) != other || status != 0 || wrong != 0;
}

static pid_t made;

static int installs_and_ends(void *argument) {
    static char stack[65536];
    if (forbid_changes(0) != 0)
        return 2;
    made = clone(heir, stack + sizeof stack, CLONE_VM | CLONE_PARENT | SIGCHLD, argument);
    return made < 0;
}

/* ... and has it from somebody who is gone. */
static int inherited(void) {
    static char stack[65536];
    int status = -1;
    const pid_t first = clone(installs_and_ends, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    if (waitpid(first, &status, 0) != first || status != 0)
        return 2;
    const int wrong = open_often();
    may_open = true;
    return waitpid(made, &status, 0) != made || status != 0 || wrong != 0;
}

/* Where an address of ours lies in our file. */
static uint64_t offset_of(uint64_t address) {
    char line[512];
    uint64_t begin, end, offset, found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &begin, &end, &offset) == 3 &&
            address >= begin && address < end)
            found = offset + (address - begin);
    fclose(maps);
    return found;
}

static void *asks_too(void *argument) {
    struct statfs info;
    for (int i = 0; i < OPENS; i++)
        if (places[1]("/", &info) != 0)
            return NULL;
    return argument;
}

/* A uprobe, as perf and bpftrace set them: a breakpoint that the kernel knows by the file. */
static int probed(void) {
    char self[512] = {0};
    int type = 0;
    uint64_t hits = 0;
    void *result;
    pthread_t other;
    struct statfs info;
    FILE *kind = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
    if (!kind || fscanf(kind, "%d", &type) != 1 || readlink("/proc/self/exe", self, 511) < 0)
        return 77;
    fclose(kind);
    struct perf_event_attr event = {
        .type = (uint32_t)type,
        .size = sizeof event,
        .config1 = (uintptr_t)self,
        .config2 = offset_of((uintptr_t)place0),
    };
    const int probe = (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
    if (probe < 0)
        return 77;
    int wrong = 0;
    pthread_create(&other, NULL, asks_too, &hits);
    for (int i = 0; i < OPENS; i++)
        wrong += places[0]("/", &info) != 0;
    pthread_join(other, &result);
    wrong += result == NULL || read(probe, &hits, sizeof hits) != sizeof hits || hits != OPENS;
    return wrong != 0;
}

int main(int argc, char **argv) {
    if (argc != 3 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return 2;
    wanted = atoi(argv[2]);
    if (strcmp(argv[1], "beside") == 0)
        return beside();
    if (strcmp(argv[1], "inherited") == 0)
        return inherited();
    if (strcmp(argv[1], "probed") == 0)
        return probed();
    return strcmp(argv[1], "unreadable") == 0 ? unreadable() : other_thread();
}
