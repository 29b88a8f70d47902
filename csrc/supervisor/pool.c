/* pool.c - jobs go in, verdicts come out; ending the stop is the tracer's.
 * Rule: a job belongs to one side at a time: to the tracer, a list under the lock, or a thread. */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../calls/calls.h"
#include "../mechanism/own_calls.h"
#include "../process/again.h"
#include "../process/thread.h"
#include "../tracee/rights.h"

#define MOST_THREADS 448 /* as many as a worker has: receiver.c */
#define STACK_SIZE (256U << 10)

static struct {
    const struct context *context;
    const uint8_t *policy;
    int wake;             /* eventfd: a job is done */
    unsigned outstanding; /* the tracer's own count */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct job *queued, **queue_end; /* the first to come is the first to be served */
    struct job *done;
    unsigned threads, busy; /* busy: there is a job for them */
} pool = {
    .wake = -1,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .work = PTHREAD_COND_INITIALIZER,
    .queue_end = &pool.queued,
};

static struct job *await_job(void) {
    while (!pool.queued)
        pthread_cond_wait(&pool.work, &pool.lock);
    struct job *job = pool.queued;
    pool.queued = job->next;
    if (!pool.queued)
        pool.queue_end = &pool.queued;
    return job;
}

static void *run(void *argument) {
    struct server server = {.context = argument};
    rights_must_usual(&server);
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        struct job *job = await_job();
        pthread_mutex_unlock(&pool.lock);
        struct stopped_call call = trace_call(job->tid, &job->stop);
        server_begin(&server);
        call.server = &server;
        job->verdict =
            own_calls_touch(&call) ? let_run(FALLBACK_NONE) : serve_call(&call, pool.policy);
        pthread_mutex_lock(&pool.lock);
        job->next = pool.done;
        pool.done = job;
        pool.busy--;
        const uint64_t one = 1;
        if (write(pool.wake, &one, sizeof one) < 0)
            abort();
    }
    return NULL;
}

/* With the lock held. */
static bool add_thread(void) {
    bool made = false;
    for (int tries = 0; tries < TRIES_AT_ONCE && !made && pool.threads < MOST_THREADS; tries++)
        made = thread_start(STACK_SIZE, run, (void *)(uintptr_t)pool.context) == 0;
    pool.threads += made;
    return made;
}

int pool_open(const struct context *context, const uint8_t *policy) {
    pool.context = context;
    pool.policy = policy;
    pool.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return pool.wake >= 0 ? pool.wake : -errno;
}

struct job *pool_take(pid_t tid, const struct trace_stop *stop) {
    struct job *job = NULL;
    for (int tries = 0; tries < TRIES_AT_ONCE && !job; tries++)
        job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    job->tid = tid;
    job->stop = *stop;
    job->stop.over = &job->over;
    pthread_mutex_lock(&pool.lock);
    const bool taken = pool.busy < pool.threads || add_thread();
    if (taken) {
        *pool.queue_end = job;
        pool.queue_end = &job->next;
        pool.busy++;
        pool.outstanding++;
        pthread_cond_signal(&pool.work);
    }
    pthread_mutex_unlock(&pool.lock);
    if (taken)
        return job;
    free(job);
    return NULL;
}

unsigned pool_outstanding(void) {
    return pool.outstanding;
}

struct job *pool_done(void) {
    uint64_t count;
    if (read(pool.wake, &count, sizeof count) < 0)
        return NULL;
    pthread_mutex_lock(&pool.lock);
    struct job *done = pool.done;
    pool.done = NULL;
    pthread_mutex_unlock(&pool.lock);
    for (const struct job *job = done; job; job = job->next)
        pool.outstanding--;
    return done;
}
