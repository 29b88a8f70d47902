/* stuck THREADS DIRECTORY PATH - so many threads ask for PATH, a file of a rule, by a path in a page that a
 * FUSE server withholds. Says "stuck" once all of them wait, and obeys lines: "calls" makes calls beside
 * them, "go" has the server give the pages. Says then what the threads were told, and what is told now. */
#include "pages.h"

#include <limits.h>
#include <stdatomic.h>

static const char *ruled;
static struct stat expected;
static int gate[2];
static _Atomic unsigned *asked;
static _Atomic unsigned right, real, wrong;

static void wait_at_gate(void) {
    struct pollfd opened = {.fd = gate[0]};
    (*asked)++;
    poll(&opened, 1, -1); /* POLLHUP */
}

/* The real file is longer than what the rule tells. */
static const char *told(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0)
        return strerror(errno);
    return info.st_size == expected.st_size ? "right" : "real";
}

static void *ask(void *page) {
    const char *what = told(page);
    if (strcmp(what, "right") == 0)
        right++;
    else if (strcmp(what, "real") == 0)
        real++;
    else
        wrong++;
    return NULL;
}

static const char *opened(int fd) {
    if (fd < 0)
        return errno == EIO ? "EIO" : strerror(errno);
    close(fd);
    return "done";
}

static void calls(char *page) {
    struct {
        uint64_t flags, mode, resolve;
    } *how = (void *)(page + PAGE);
    printf("beside them: %s\n", told(ruled));
    printf("for writing: %s\n", opened(open(page, O_WRONLY | O_CLOEXEC)));
    printf("flags in memory: %s\n",
           opened((int)syscall(SYS_openat2, AT_FDCWD, ruled, how, sizeof *how)));
    puts("called");
    fflush(stdout);
}

int main(int argc, char **argv) {
    pthread_attr_t attributes;
    char line[16];
    if (argc != 4)
        return 2;
    unsigned count = (unsigned)atoi(argv[1]);
    pthread_t *threads = calloc(count, sizeof *threads);
    ruled = argv[3];
    memcpy(page_content, ruled, strlen(ruled) + 1);
    before_page = wait_at_gate;
    asked = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stat(ruled, &expected) != 0 || pipe2(gate, O_CLOEXEC) != 0 || asked == MAP_FAILED)
        die(ruled);
    kept_from_server = gate[1];
    char *page = pages_of_fuse(argv[2]);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + PAGE);
    for (unsigned i = 0; i < count; i++, page += PAGE)
        if (pthread_create(&threads[i], &attributes, ask, page) != 0)
            die("thread");
    while (*asked < count)
        usleep(1000);
    puts("stuck");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "go\n") != 0)
        calls(page);
    close(gate[1]);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("%u right, %u real, %u wrong\n", right, real, wrong);
    printf("afterwards: %s\n", told(page + 2 * PAGE));
    fflush(stdout);
    umount2(argv[2], MNT_DETACH);
    return 0;
}
