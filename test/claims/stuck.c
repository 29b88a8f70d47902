/* stuck THREADS DIRECTORY PATH - so many threads ask for PATH, a file of a rule, by a path in a page that a
 * FUSE server withholds. Says "stuck" once all of them wait, and obeys lines: "calls" makes calls beside
 * them, "go" has the server give the pages. Says then what the threads were told, and what is told now. */
#include "pages.h"

#include <limits.h>
#include <linux/openat2.h>
#include <stdatomic.h>

enum { ATTEMPTS = 16 };

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

static void create(pthread_t *thread, void *(*runs)(void *), void *argument) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + PAGE);
    if (pthread_create(thread, &attributes, runs, argument) != 0)
        die("thread");
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

/* Of many at once: whoever of the supervisor's threads is still free waits for the page with the
 * first ones, as these do natively. The others are told. */
struct attempt {
    char *page;
    bool has_flags_in_memory;
    int results[2];
};

static void *attempt(void *argument) {
    const struct attempt *given = argument;
    const char *what =
        given->has_flags_in_memory
            ? opened((int)syscall(SYS_openat2, AT_FDCWD, ruled, given->page, sizeof(struct open_how)))
            : opened(open(given->page, O_WRONLY | O_CLOEXEC));
    dprintf(given->results[1], "%s\n", what);
    return NULL;
}

static const char *first_told(char *page, bool has_flags_in_memory) {
    static char what[64];
    struct attempt *given = calloc(1, sizeof *given); /* theirs, to the end */
    *given = (struct attempt){.page = page, .has_flags_in_memory = has_flags_in_memory};
    if (pipe2(given->results, O_CLOEXEC) != 0)
        die("pipe");
    for (int i = 0; i < ATTEMPTS; i++)
        create(&(pthread_t){0}, attempt, given);
    const ssize_t length = read(given->results[0], what, sizeof what - 1);
    what[length > 0 ? length : 0] = 0;
    what[strcspn(what, "\n")] = 0; /* others may be told at the same time */
    return what;
}

static void calls(char *page) {
    printf("beside them: %s\n", told(ruled));
    printf("for writing: %s\n", first_told(page, false));
    printf("flags in memory: %s\n", first_told(page + PAGE, true));
    puts("called");
    fflush(stdout);
}

int main(int argc, char **argv) {
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
    for (unsigned i = 0; i < count; i++, page += PAGE)
        create(&threads[i], ask, page);
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
