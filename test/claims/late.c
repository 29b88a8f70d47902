/* late killed|cut|told DIRECTORY PATH - a call is over while its path, in a page that a FUSE server withholds,
 * is still being read: its program was killed, or (cut, told) another thread has executed one. PATH is a file
 * of a rule that keeps what is written. Says whether the call has cut it (killed, cut), or told the new
 * program something (told), once the page was given. */
#include "pages.h"

#include <signal.h>
#include <sys/wait.h>

#define LATER 32 /* calls that wait for pages of their own */

/* Of what another program has at this place nothing is changed. The page is touched by nobody. */
static struct {
    struct stat told;
    char rest[PAGE];
} late __attribute__((aligned(PAGE)));

static const char *ruled;
static struct {
    _Atomic bool open;
    _Atomic unsigned asked;
    off_t before; /* the length of the file */
} *gate;

static void wait_at_gate(void) {
    gate->asked++;
    while (!gate->open)
        usleep(1000);
}

static char **again;

static void *replace(void *unused) {
    (void)unused;
    while (gate->asked == 0)
        usleep(1000);
    execv("/proc/self/exe", again);
    die("execv");
    return NULL;
}

static void give_pages(char *page) {
    struct stat info;
    gate->open = true;
    for (int i = 0; i < LATER; i++, page += PAGE)
        if (stat(page, &info) != 0)
            die("a later call");
}

static void *map(const char *name, size_t length, int flags) {
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)length) != 0)
        die(name);
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);
    close(fd);
    return mapped;
}

static void say_cut(off_t before) {
    struct stat info;
    puts(stat(ruled, &info) == 0 && info.st_size == before ? "no" : "it has");
}

static int as_new_program(bool told, const char *directory, const char *gate_name,
                          const char *pages_name) {
    static const char zeros[sizeof late.told];
    gate = map(gate_name, PAGE, MAP_SHARED);
    int fd = open(pages_name, O_RDONLY | O_CLOEXEC);
    char *pages = mmap(NULL, PAGE * MOST_PAGES, PROT_READ, MAP_PRIVATE, fd, 0);
    if (pages == MAP_FAILED || madvise(pages, PAGE * MOST_PAGES, MADV_RANDOM) != 0)
        die(pages_name);
    give_pages(pages + PAGE);
    if (told)
        puts(memcmp(&late.told, zeros, sizeof zeros) == 0 ? "no" : "it has");
    else
        say_cut(gate->before);
    umount2(directory, MNT_DETACH);
    return 0;
}

int main(int argc, char **argv) {
    char gate_name[4096], pages_name[4096];
    struct stat info;
    pthread_t thread;
    if (argc != 4)
        return 2;
    ruled = argv[3];
    snprintf(gate_name, sizeof gate_name, "%s.gate", argv[2]);
    snprintf(pages_name, sizeof pages_name, "%s/pages", argv[2]);
    const bool told = strstr(argv[1], "told") != NULL;
    if (strncmp(argv[1], "after ", 6) == 0)
        return as_new_program(told, argv[2], gate_name, pages_name);
    gate = map(gate_name, PAGE, MAP_SHARED);
    memcpy(page_content, ruled, strlen(ruled) + 1);
    before_page = wait_at_gate;
    if (stat(ruled, &info) != 0)
        die(ruled);
    gate->before = info.st_size;
    char *page = pages_of_fuse(argv[2]);
    if (strcmp(argv[1], "killed") != 0) {
        char *words[] = {argv[0], told ? (char[]){"after told"} : (char[]){"after cut"}, argv[2],
                         argv[3], NULL};
        again = words;
        if (pthread_create(&thread, NULL, replace, NULL) != 0)
            die("thread");
        told ? stat(page, &late.told) : open(page, O_WRONLY | O_TRUNC | O_CLOEXEC);
        die("the call has ended");
    }
    pid_t child = fork();
    if (child == 0)
        _exit(open(page, O_WRONLY | O_TRUNC | O_CLOEXEC) >= 0);
    while (gate->asked == 0)
        usleep(1000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    give_pages(page + PAGE);
    say_cut(gate->before);
    umount2(argv[2], MNT_DETACH);
    return 0;
}
