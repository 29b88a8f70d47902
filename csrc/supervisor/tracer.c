/* tracer.c - serves stopped calls by ptrace(2).
 * Rule: one thread traces and never sleeps on a filesystem; a call that may needs a thread of the
 * pool, and its tracee stays stopped meanwhile. Signals pass with their siginfo; a group-stop is
 * listened to, never restarted. If this process dies, EXITKILL ends the tree. */
#include "tracer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/kernel.h"
#include "../calls/calls.h"
#include "../mechanism/trace.h"
#include "../tracee/mounts.h"
#include "log.h"
#include "record.h"
#include "server.h"
#include "title.h"

#define POOL_THREADS 64
#define POOL_STACK (256U << 10)
#define LOG_PERIOD_MS 100
#define CALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

/* A tracee that is known: threads and processes alike, by their thread id. */
struct known {
    pid_t tid;    /* 0: free */
    bool in_call; /* the next call stop is an exit */
};

struct job {
    struct job *next;
    pid_t tid;
    struct trace_stop stop;
    struct verdict verdict;
};

struct tracer {
    const struct tracer_setup *setup;
    struct surroundings surroundings;
    struct server server; /* of the tracing thread */
    bool wants_to_sleep;  /* the call that is served could sleep: it is for the pool */
    struct known *known;  /* open addressing; capacity is a power of two */
    size_t capacity, count;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;
    struct job *queued, *done;
    unsigned threads, idle, outstanding;
    int wake; /* eventfd: a job is done */
};

static struct tracer the_tracer;

/* ---- tracees that are stopped at the ends of calls ---- */

static struct known *find(pid_t tid) {
    struct tracer *tracer = &the_tracer;
    for (size_t i = (size_t)tid;; i++) {
        struct known *entry = &tracer->known[i & (tracer->capacity - 1)];
        if (entry->tid == tid || entry->tid == 0)
            return entry;
    }
}

static void grow(void) {
    struct tracer *tracer = &the_tracer;
    struct known *old = tracer->known;
    size_t capacity = tracer->capacity;
    tracer->capacity = capacity ? capacity * 2 : 256;
    tracer->known = calloc(tracer->capacity, sizeof *tracer->known);
    if (!tracer->known)
        abort();
    for (size_t i = 0; i < capacity; i++)
        if (old[i].tid != 0)
            *find(old[i].tid) = old[i];
    free(old);
}

static struct known *know(pid_t tid) {
    struct tracer *tracer = &the_tracer;
    if (tracer->count * 2 >= tracer->capacity)
        grow();
    struct known *entry = find(tid);
    if (entry->tid == 0) {
        entry->tid = tid;
        tracer->count++;
    }
    return entry;
}

static void forget(pid_t tid) {
    struct tracer *tracer = &the_tracer;
    struct known *entry = tracer->capacity ? find(tid) : NULL;
    if (!entry || entry->tid == 0)
        return;
    entry->tid = 0;
    tracer->count--;
    /* Entries behind the hole may belong before it. */
    size_t hole = (size_t)(entry - tracer->known);
    for (size_t i = hole + 1; tracer->known[i & (tracer->capacity - 1)].tid != 0; i++) {
        struct known moved = tracer->known[i & (tracer->capacity - 1)];
        tracer->known[i & (tracer->capacity - 1)].tid = 0;
        *find(moved.tid) = moved;
    }
}

/* ---- going on ---- */

static void go_on(pid_t tid, int signal) {
    /* Fails only if the tracee was killed meanwhile. */
    ptrace(the_tracer.setup->every_call ? PTRACE_SYSCALL : PTRACE_CONT, tid, NULL,
           (void *)(long)signal);
}

/* A signal that was sent while all threads of a program were stopped wakes none of them up in
 * gVisor, and waits for another one. A further stop, right after this call, makes it look. */
static void go_on_and_look(pid_t tid) {
    if (the_tracer.setup->late_signals)
        ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
    go_on(tid, 0);
}

/* That further stop would interrupt a call that runs, and it would be made again, for ever: not
 * before its end. */
static void let_run_and_look(pid_t tid) {
    if (the_tracer.setup->late_signals)
        ptrace(PTRACE_SYSCALL, tid, NULL, NULL);
    else
        go_on(tid, 0);
}

static void finish(pid_t tid, struct trace_stop *stop, const struct verdict *verdict) {
    struct tracer *tracer = &the_tracer;
    struct stopped_call call = {.tid = tid, .mechanism = &trace_mechanism, .stop = stop};
    call.server = &tracer->server;
    call.number = registers_number(&stop->registers);
    record_event(tracer->setup->segment, &call, verdict);
    enum event_kind kind = record_kind(verdict);
    if (verdict->decision == DECISION_ANSWER && call.mechanism->answer(&call, verdict->value) != 0)
        kind = EVENT_GONE;
    record_count(tracer->setup->segment, verdict, kind);
    if (kind == EVENT_ANSWERED && !tracer->setup->every_call)
        go_on_and_look(tid);
    else
        let_run_and_look(tid);
}

/* ---- the pool ---- */

static void *pool_run(void *argument) {
    struct tracer *tracer = argument;
    struct server server = {.surroundings = &tracer->surroundings};
    if (tracer->surroundings.proof == PROOF_AS_NOBODY && become_nobody(&server) != 0)
        abort();
    pthread_mutex_lock(&tracer->lock);
    for (;;) {
        while (!tracer->queued) {
            tracer->idle++;
            pthread_cond_wait(&tracer->work, &tracer->lock);
            tracer->idle--;
        }
        struct job *job = tracer->queued;
        tracer->queued = job->next;
        pthread_mutex_unlock(&tracer->lock);
        struct stopped_call call = trace_call(job->tid, &job->stop);
        call.server = &server;
        job->verdict = serve_call(&call, tracer->setup->policy);
        pthread_mutex_lock(&tracer->lock);
        job->next = tracer->done;
        tracer->done = job;
        const uint64_t one = 1;
        if (write(tracer->wake, &one, sizeof one) < 0)
            abort();
    }
    return NULL;
}

/* With the lock held. */
static bool add_thread(struct tracer *tracer) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, POOL_STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool made = pthread_create(&thread, &attributes, pool_run, tracer) == 0;
    pthread_attr_destroy(&attributes);
    tracer->threads += made;
    return made;
}

/* False: the call has to be let run. */
static bool hand_to_pool(pid_t tid, const struct trace_stop *stop) {
    struct tracer *tracer = &the_tracer;
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return false;
    job->tid = tid;
    job->stop = *stop;
    pthread_mutex_lock(&tracer->lock);
    bool taken = tracer->idle > 0 || tracer->outstanding < tracer->threads ||
                 (tracer->threads < POOL_THREADS && add_thread(tracer)) || tracer->threads > 0;
    if (taken) {
        job->next = tracer->queued;
        tracer->queued = job;
        tracer->outstanding++;
        pthread_cond_signal(&tracer->work);
    }
    pthread_mutex_unlock(&tracer->lock);
    if (!taken)
        free(job);
    return taken;
}

static void take_done_jobs(void) {
    struct tracer *tracer = &the_tracer;
    uint64_t count;
    if (read(tracer->wake, &count, sizeof count) < 0)
        return;
    pthread_mutex_lock(&tracer->lock);
    struct job *job = tracer->done;
    tracer->done = NULL;
    pthread_mutex_unlock(&tracer->lock);
    while (job) {
        struct job *next = job->next;
        tracer->outstanding--;
        finish(job->tid, &job->stop, &job->verdict);
        free(job);
        job = next;
    }
}

static bool refuse_to_sleep(struct server *server) {
    (void)server;
    the_tracer.wants_to_sleep = true;
    return false;
}

/* ---- stops ---- */

static bool makes_a_child(int32_t number) {
    return number == NUMBER_CLONE || number == NUMBER_CLONE3;
}

static void serve_stop(pid_t tid) {
    struct tracer *tracer = &the_tracer;
    struct trace_stop stop;
    if (registers_get(tid, &stop.registers) != 0) {
        go_on(tid, 0);
        return;
    }
    if (makes_a_child(registers_number(&stop.registers))) {
        trace_keep_child(tid, &stop);
        go_on(tid, 0);
        return;
    }
    struct mounts *mounts = tracer->surroundings.mounts;
    mounts_refresh(mounts);
    if (mounts_looks_sleep(mounts) && hand_to_pool(tid, &stop))
        return; /* no look without it: nothing needs to be read twice */
    struct stopped_call call = trace_call(tid, &stop);
    call.server = &tracer->server;
    tracer->wants_to_sleep = false;
    struct verdict verdict = serve_call(&call, tracer->setup->policy);
    if (tracer->wants_to_sleep && hand_to_pool(tid, &stop))
        return;
    finish(tid, &stop, &verdict);
}

static void on_call_stop(pid_t tid) {
    struct known *known = know(tid);
    known->in_call = !known->in_call;
    if (!known->in_call) {
        if (!the_tracer.setup->every_call)
            forget(tid); /* it was stopped here to look for signals only */
        go_on_and_look(tid);
        return;
    }
    struct trace_stop stop;
    if (!the_tracer.setup->every_call)
        let_run_and_look(tid);
    else if (registers_get(tid, &stop.registers) == 0 &&
             (call_is_served(registers_number(&stop.registers)) ||
              makes_a_child(registers_number(&stop.registers))))
        serve_stop(tid);
    else
        go_on(tid, 0);
}

static void on_event(pid_t tid, int event, int signal) {
    struct tracer *tracer = &the_tracer;
    switch (event) {
    case PTRACE_EVENT_SECCOMP:
        serve_stop(tid);
        return;
    case PTRACE_EVENT_STOP:
        /* The first stop of a new tracee says SIGTRAP; every other one is a group-stop. */
        if (signal != SIGTRAP) {
            ptrace(PTRACE_LISTEN, tid, NULL, NULL);
            return;
        }
        break;
    case PTRACE_EVENT_EXEC:
        /* A thread that was not the leader has taken the leader's id (ptrace(2)). */
        if (tracer->setup->every_call) {
            unsigned long former = 0;
            ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former);
            if ((pid_t)former != tid)
                forget((pid_t)former);
            know(tid)->in_call = true; /* the exit of execve comes next */
        }
        break;
    default: /* fork, vfork, clone: the new one reports itself */
        break;
    }
    if (tracer->setup->every_call || event == PTRACE_EVENT_STOP)
        go_on(tid, 0); /* looks for signals next, or at the end of the call */
    else
        go_on_and_look(tid);
}

static void on_status(pid_t tid, int status) {
    if (!WIFSTOPPED(status)) {
        forget(tid);
        return;
    }
    int signal = WSTOPSIG(status);
    if (signal == CALL_STOP)
        on_call_stop(tid);
    else if (status >> 16 != 0)
        on_event(tid, status >> 16, signal);
    else
        go_on(tid, signal); /* siginfo stays as it is */
}

/* ---- waiting ---- */

static void wake_up(int signal) {
    (void)signal;
}

/* Waits for a change of a tracee or a finished job. */
static void wait_for_both(void) {
    sigset_t all_but_child;
    sigfillset(&all_but_child);
    sigdelset(&all_but_child, SIGCHLD);
    const struct timespec period = {0, LOG_PERIOD_MS * 1000000L};
    struct pollfd wake = {.fd = the_tracer.wake, .events = POLLIN};
    if (ppoll(&wake, 1, the_tracer.setup->logging ? &period : NULL, &all_but_child) == 1)
        take_done_jobs();
}

static bool prepare(struct tracer *tracer) {
    const struct sigaction action = {.sa_handler = wake_up};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigaction(SIGCHLD, &action, NULL);
    pthread_mutex_init(&tracer->lock, NULL);
    pthread_cond_init(&tracer->work, NULL);
    tracer->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tracer->server = (struct server){
        .surroundings = &tracer->surroundings,
        .receiving = true,
        .step_aside = refuse_to_sleep,
    };
    grow();
    return tracer->wake >= 0 && surroundings_read(&tracer->surroundings) == 0 &&
           surroundings_settle(&tracer->surroundings) == 0 &&
           (tracer->surroundings.proof != PROOF_AS_NOBODY || become_nobody(&tracer->server) == 0);
}

int tracer_seize(pid_t starter, bool every_call) {
    long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD;
    if (!every_call)
        options |= PTRACE_O_TRACESECCOMP;
    if (ptrace(PTRACE_SEIZE, starter, NULL, (void *)options) != 0)
        return -errno;
    if (!every_call)
        return 0;
    /* Stop it once, so that it goes on from call to call. */
    return ptrace(PTRACE_INTERRUPT, starter, NULL, NULL) == 0 ? 0 : -errno;
}

void tracer_run(const struct tracer_setup *setup) {
    struct tracer *tracer = &the_tracer;
    title_set("spoof-guardian", "seccomp-spoof: tracer");
    tracer->setup = setup;
    if (!prepare(tracer))
        return;
    for (;;) {
        int status = 0;
        bool alone = tracer->outstanding == 0 && !setup->logging;
        pid_t tid = waitpid(-1, &status, __WALL | (alone ? 0 : WNOHANG));
        if (tid > 0) {
            on_status(tid, status);
            if (tracer->outstanding > 0)
                take_done_jobs(); /* also if there is always a stop to look at */
        } else if (tid < 0 && errno == ECHILD) {
            return;
        } else if (!alone) {
            wait_for_both();
        }
        if (setup->logging)
            log_events(setup->segment, setup->policy, setup->log_level, 0);
    }
}
