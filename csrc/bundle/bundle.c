/* bundle.c - `exec` without Node: records what `start` is to restore, gives it the policy that the
 * bundle holds, and lets it go on. Rule: what `exec` decides is decided here, and nothing else; how
 * a command is started, and its calls are answered, is written once, in supervisor/. */
#include "bundle.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../content/snapshot.h"
#include "../process/clock.h"
#include "../process/state.h"
#include "../supervisor/segment.h"
#include "../supervisor/start.h"
#include "attend.h"
#include "examine.h"
#include "held.h"
#include "line.h"
#include "say.h"

extern char **environ;

/* Descriptors for `start`, and the working directory if it is deleted; -1: there is none. */
struct handed {
    int state, policy, log, segment, directory;
};

/* A file that is opened later must not become a standard stream that is closed. What takes their
 * place can be neither read nor written, as they cannot; `start` closes it. */
static void fill_closed_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_CLOEXEC) != fd)
            return;
}

/* Opens the log as src/run/log.ts does, and writes its first line. */
static int open_log(const struct held *held, const struct line *line, int words, int directory,
                    struct failure *failure) {
    char *text = NULL;
    const char *name = line->log_file, *advice = held->texts[TEXT_LOG_FAULT];
    int fd = openat(directory < 0 ? AT_FDCWD : directory, name,
                    O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(failure, 0, "cannot open the log file %s: %s; %s", name,
                    errno == ENXIO ? "it is a pipe or socket without a reader" : strerror(errno),
                    advice);
    int length = asprintf(&text,
                          "{\"level\":30,\"time\":%" PRId64
                          ",\"pid\":%d,%s,\"command\":%d,\"msg\":\"policy\"}\n",
                          clock_ms(CLOCK_REALTIME), (int)getpid(), held->texts[TEXT_LOGGED], words);
    if (length < 0 || (write(fd, text, (size_t)length) < 0 && errno != EAGAIN))
        return fail(failure, 0, "cannot write to the log file %s: %s; %s", name, strerror(errno),
                    advice);
    return fd;
}

static int prepare(int words, const struct held *held, const struct line *line,
                   struct handed *handed, struct failure *failure) {
    if (line->verbose) {
        const char *text = held_with("seccomp-spoof: %s\n", held->texts[TEXT_CHOSEN]);
        say(STDERR_FILENO, text, strlen(text));
    }
    if (line->log_file &&
        (handed->log = open_log(held, line, words, handed->directory, failure)) < 0)
        return -1;
    handed->policy = memory_file("seccomp-spoof-policy", held->policy, held->policy_length, false);
    if (handed->policy < 0)
        return fail(failure, -handed->policy, "cannot make a memory file for the policy");
    if (line->stats && (handed->segment = segment_create()) < 0)
        return fail(failure, -handed->segment, "cannot make a memory file for the statistics");
    return 0;
}

/* The line of `start` (docs/architecture.md). */
static int start(const struct line *line, const struct handed *handed) {
    char numbers[5][12];
    const int values[] = {handed->state, line->first, handed->policy, handed->log, handed->segment};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        snprintf(numbers[i], sizeof numbers[i], "%d", values[i]);
    const char *words[24] = {"start",         "--state",  numbers[0],   "--first",
                             numbers[1],      "--policy", numbers[2],   "--mechanism",
                             line->mechanism, "--inline", line->inlined};
    int count = 11;
    if (handed->log >= 0) {
        words[count++] = "--log";
        words[count++] = numbers[3];
        words[count++] = "--log-level";
        words[count++] = line->log_level;
    }
    if (handed->segment >= 0) {
        words[count++] = "--segment";
        words[count++] = numbers[4];
    }
    if (line->stay)
        words[count++] = "--stay";
    if (line->verbose)
        words[count++] = "--verbose";
    if (line->quiet)
        words[count++] = "--quiet";
    char *line_of_start[24];
    memcpy(line_of_start, words, sizeof words); /* getopt_long(3) wants to sort them */
    return verb_start(count - 1, line_of_start + 1);
}

static int run(int words, const struct held *held, const struct line *line, struct handed *handed) {
    struct failure failure = {0};
    if (prepare(words, held, line, handed, &failure) != 0) {
        complain(&failure);
        return STATUS_OUR_FAULT;
    }
    if (line->stats) {
        int status = attend(handed->segment, handed->log, held);
        if (status >= 0)
            return status;
    }
    return start(line, handed);
}

static int answer(const struct held *held, const char *text) {
    int error = say(STDOUT_FILENO, text, strlen(text));
    if (error == 0)
        return 0;
    remark("cannot write to standard output: %s; %s", strerror(-error),
           held->texts[TEXT_OUTPUT_FAULT]);
    return STATUS_OUR_FAULT;
}

/* Nothing is opened before the record is made: it knows what was open, and widens the limits. */
static int begin(int count, char **arguments, struct handed *handed, struct held *held,
                 struct line *line, struct failure *failure) {
    handed->state = state_record(arguments, environ, &handed->directory, failure);
    if (handed->state < 0)
        return -1;
    fill_closed_streams();
    return held_read(held, failure) == 0 ? line_read(count, arguments, held, line, failure) : -1;
}

int bundle_main(int count, char **arguments) {
    struct failure failure = {0};
    struct handed handed = {-1, -1, -1, -1, -1};
    struct held held;
    struct line line;
    if (begin(count, arguments, &handed, &held, &line, &failure) != 0) {
        complain(&failure);
        return STATUS_OUR_FAULT;
    }
    switch (line.task) {
    case TASK_SHOW:
        return answer(&held, held.texts[TEXT_POLICY]);
    case TASK_HELP:
        return answer(&held, held_with(held.texts[TEXT_HELP], arguments[0]));
    case TASK_VERSION:
        return answer(&held, held_with("seccomp-spoof %s\n", held.texts[TEXT_VERSION]));
    case TASK_DOCTOR: {
        bool works = false;
        int status = answer(&held, examine(&held, &line, &works));
        return status == 0 && !works ? 1 : status;
    }
    case TASK_RUN:
        break;
    }
    return run(count - line.first, &held, &line, &handed);
}
