/* threads - 64 threads at once, each with paths, descriptors and errors of its own, each checking
 * every answer against what the main thread was told before it started. */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 64, QUESTIONS = 12 };

struct question {
    char path[96]; /* empty: ask about the descriptor */
    int fd;
    struct answer right;
};

struct worker {
    pthread_t thread;
    long calls;
    struct question questions[QUESTIONS];
};

static struct worker workers[THREADS];
static pthread_barrier_t start;
static atomic_long wrong;

static struct answer put(const struct question *question) {
    return question->path[0] ? ask_path(question->path) : ask_fd(question->fd);
}

static void prepare(struct worker *worker, int number) {
    struct question *questions = worker->questions;
    char directory[32], file[64];
    snprintf(directory, sizeof directory, "d%d", number);
    snprintf(file, sizeof file, "d%d/file-%d", number, number);
    make_file(file, "");
    snprintf(questions[0].path, sizeof questions[0].path, "%s", file);
    snprintf(questions[1].path, sizeof questions[1].path, "d%d/missing", number);
    snprintf(questions[2].path, sizeof questions[2].path, "d%d/../d%d", number,
             (number + 1) % THREADS);
    snprintf(questions[3].path, sizeof questions[3].path, "/proc/%s",
             number % 2 ? "version" : "self");
    snprintf(questions[4].path, sizeof questions[4].path, "d%d/file-%d/x", number, number);
    snprintf(questions[5].path, sizeof questions[5].path, "/dev/null");
    snprintf(questions[6].path, sizeof questions[6].path, "link-%d", number);
    make_link(number % 3 == 0   ? "/proc/version"
              : number % 3 == 1 ? "/sys"
                                : file,
              questions[6].path);
    questions[7].fd = open_or_die(file, O_RDONLY);
    questions[8].fd = open_or_die(number % 2 ? "/proc/version" : "/dev/null", O_RDONLY);
    questions[9].fd = open_or_die(directory, O_PATH);
    questions[10].fd = 5000 + number; /* nothing there */
    snprintf(questions[11].path, sizeof questions[11].path, "/proc/thread-self/fd/%d",
             questions[7 + number % 3].fd);
    for (int i = 0; i < QUESTIONS; i++)
        questions[i].right = put(&questions[i]);
}

static void *run(void *context) {
    struct worker *worker = context;
    struct dice dice = {.state = 0x9e3779b97f4a7c15u * (uint64_t)(worker - workers + 1)};
    pthread_barrier_wait(&start);
    for (long i = 0; i < worker->calls; i++) {
        const struct question *question = &worker->questions[roll(&dice, QUESTIONS)];
        struct answer answer = put(question);
        if (!same_answer(&answer, &question->right) && atomic_fetch_add(&wrong, 1) < 10) {
            print("WRONG: [%s] fd %d", question->path, question->path[0] ? -1 : question->fd);
            say("  got", &answer);
            say("  right", &question->right);
        }
    }
    return NULL;
}

int main(void) {
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        char directory[32];
        snprintf(directory, sizeof directory, "d%d", i);
        make_directory(directory, 0755);
    }
    for (int i = 0; i < THREADS; i++) {
        prepare(&workers[i], i);
        for (int j = 0; j < QUESTIONS; j++) {
            char label[32];
            snprintf(label, sizeof label, "thread %d question %d", i, j);
            say(label, &workers[i].questions[j].right);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        workers[i].calls = effort(400);
        if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
            die("pthread_create");
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    print("wrong answers: %ld", atomic_load(&wrong));
    return 0;
}
