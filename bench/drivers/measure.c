/* measure.c - all threads begin together and go on for the same time. Two passes: one that times
 * many calls at once, and one that times each call, for what the slowest take. */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define SAMPLES 200000 /* of all threads together */
#define BATCHES 5000   /* of a thread */
#define SHORTEST_BATCH_NS 20000
#define LARGEST_BATCH (1UL << 20)

struct together {
    const struct shape *shape;
    const struct options *options;
    pthread_barrier_t barrier;
    _Atomic uint64_t begin;
    size_t samples_each;
};

struct worker {
    pthread_t thread;
    struct together *together;
    uint64_t calls, ended, failed; /* of the first pass */
    double *batches;               /* ns a call in each batch of it */
    size_t batched;
    uint32_t *samples; /* of the second */
    size_t sampled;
    int error;
};

static void once(struct worker *worker) {
    const struct together *together = worker->together;
    if (!together->shape->call(together->options)) {
        worker->failed += 1;
        worker->error = errno;
    }
}

/* The last thread to arrive says when it began: nobody runs before that. */
static uint64_t begin_together(struct together *together) {
    atomic_store(&together->begin, now_ns());
    pthread_barrier_wait(&together->barrier);
    return atomic_load(&together->begin);
}

static int compare(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* What the clock itself adds to a call that is timed alone. */
static uint32_t clock_cost(void) {
    uint32_t costs[1001];
    for (size_t i = 0; i < 1001; i++) {
        uint64_t before = now_ns();
        costs[i] = (uint32_t)(now_ns() - before);
    }
    qsort(costs, 1001, sizeof *costs, compare);
    return costs[500];
}

/* What --inline auto changes is changed after 64 stopped calls: not only where a call is quick. */
#define WARM_UP 100

static uint64_t batch_time(struct worker *worker, uint64_t batch) {
    uint64_t begin = now_ns();
    for (uint64_t i = 0; i < batch; i++)
        once(worker);
    return now_ns() - begin;
}

/* So many calls that reading the clock after them costs next to nothing, and no more: the smaller a
 * batch, the fewer are interrupted. */
static uint64_t batch_size(struct worker *worker) {
    uint64_t enough = (uint64_t)50 * clock_cost();
    enough = enough < SHORTEST_BATCH_NS ? SHORTEST_BATCH_NS : enough;
    for (uint64_t batch = 1;; batch *= 2) {
        uint64_t first = batch_time(worker, batch), second = batch_time(worker, batch);
        /* The quicker one: an interrupted one would end the search too early. */
        if ((first < second ? first : second) > enough || batch >= LARGEST_BATCH)
            return batch;
    }
}

static void *work(void *argument) {
    struct worker *worker = argument;
    struct together *together = worker->together;
    uint64_t duration = (uint64_t)together->options->ms * 1000000U;
    /* strace stops every call of a new thread until one was traced that its filter names. */
    int fd = open(together->options->existing, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    batch_time(worker, WARM_UP);
    uint64_t batch = batch_size(worker);

    uint64_t begin = begin_together(together), before = begin;
    do {
        for (uint64_t i = 0; i < batch; i++)
            once(worker);
        worker->calls += batch;
        worker->ended = now_ns();
        if (worker->batched < BATCHES)
            worker->batches[worker->batched++] = (double)(worker->ended - before) / (double)batch;
        before = worker->ended;
    } while (worker->ended < begin + duration);
    worker->ended -= begin;

    pthread_barrier_wait(&together->barrier);
    begin = begin_together(together);
    do {
        before = now_ns();
        once(worker);
        uint64_t took = now_ns() - before;
        worker->samples[worker->sampled++] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    } while (worker->sampled < together->samples_each && before < begin + duration / 2);
    return NULL;
}

static int compare_doubles(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* A thread alone: the middle batch, since what interrupts it is not what is measured. Of several,
 * the wall time: how they get their turns is. */
static double ns_a_call(struct worker *workers, int threads) {
    if (threads == 1 && workers->batched > 0) {
        qsort(workers->batches, workers->batched, sizeof *workers->batches, compare_doubles);
        return workers->batches[workers->batched / 2];
    }
    double sum = 0;
    for (int i = 0; i < threads; i++)
        sum += (double)workers[i].ended / (double)workers[i].calls;
    return sum / threads;
}

static void print_percentiles(struct worker *workers, int threads, uint32_t *pooled) {
    size_t count = 0;
    for (int i = 0; i < threads && workers[i].sampled > 0; i++) {
        memmove(pooled + count, workers[i].samples, workers[i].sampled * sizeof *pooled);
        count += workers[i].sampled;
    }
    qsort(pooled, count, sizeof *pooled, compare);
    uint32_t clock = clock_cost();
    static const int shares[] = {50, 90, 99};
    for (size_t i = 0; i < 3; i++) {
        uint32_t value = pooled[(count - 1) * (size_t)shares[i] / 100];
        printf(",\"p%d\":%u", shares[i], value > clock ? value - clock : 0);
    }
}

static void print(const struct together *together, struct worker *workers, uint32_t *pooled) {
    int threads = together->options->threads;
    uint64_t calls = 0, longest = 0;
    for (int i = 0; i < threads; i++) {
        calls += workers[i].calls;
        longest = workers[i].ended > longest ? workers[i].ended : longest;
    }
    printf("{\"shape\":\"%s\",\"calls\":%llu,\"ns\":%.1f,\"perSecond\":%.0f", together->shape->name,
           (unsigned long long)calls, ns_a_call(workers, threads),
           (double)calls * 1e9 / (double)longest);
    printf(",\"threadNs\":[");
    for (int i = 0; i < threads; i++)
        printf("%s%.1f", i == 0 ? "" : ",", (double)workers[i].ended / (double)workers[i].calls);
    printf("]");
    print_percentiles(workers, threads, pooled);
    printf("}\n");
}

static bool report_error(const struct shape *shape, const char *why) {
    printf("{\"shape\":\"%s\",\"error\":\"%s\"}\n", shape->name, why);
    return false;
}

static void run(struct together *together, struct worker *workers, uint32_t *samples) {
    int threads = together->options->threads;
    together->samples_each = SAMPLES / (size_t)threads;
    pthread_barrier_init(&together->barrier, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        workers[i] = (struct worker){.together = together,
                                     .batches = calloc(BATCHES, sizeof(double)),
                                     .samples = samples + (size_t)i * together->samples_each};
        int error = workers[i].batches == NULL ? ENOMEM : 0;
        if (error == 0 && threads > 1)
            error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (error != 0) { /* those that were started wait for this one for ever */
            fprintf(stderr, "calls: no thread can be started: %s\n", strerror(error));
            exit(2);
        }
    }
    if (threads == 1) /* of a program with threads less is answered inside it */
        work(&workers[0]);
    for (int i = 0; i < threads && threads > 1; i++)
        pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&together->barrier);
}

bool measure(const struct shape *shape, const struct options *options) {
    static uint32_t samples[SAMPLES], pooled[SAMPLES];
    const char *why = shape->check == NULL ? NULL : shape->check(options);
    if (why != NULL)
        return report_error(shape, why);
    struct together together = {.shape = shape, .options = options};
    struct worker *workers = calloc((size_t)options->threads, sizeof *workers);
    if (workers == NULL)
        return report_error(shape, "no memory");
    run(&together, workers, samples);
    uint64_t failed = 0;
    int error = 0;
    for (int i = 0; i < options->threads; i++) {
        failed += workers[i].failed;
        error = workers[i].failed > 0 ? workers[i].error : error;
    }
    why = shape->check == NULL ? NULL : shape->check(options);
    if (failed == 0 && why == NULL)
        print(&together, workers, pooled);
    for (int i = 0; i < options->threads; i++)
        free(workers[i].batches);
    free(workers);
    if (failed > 0) {
        char text[128];
        snprintf(text, sizeof text, "%llu calls did not end as they should, one with: %s",
                 (unsigned long long)failed, strerror(error));
        return report_error(shape, text);
    }
    return why == NULL || report_error(shape, why);
}

bool step(const struct shape *shape, const struct options *options) {
    char line[16];
    const char *why = shape->check == NULL ? NULL : shape->check(options);
    while (why == NULL && fgets(line, sizeof line, stdin)) {
        for (int i = 0; i < options->step && why == NULL; i++)
            if (!shape->call(options))
                why = strerror(errno);
        if (why == NULL)
            printf("done\n");
        fflush(stdout);
    }
    return why == NULL || report_error(shape, why);
}
