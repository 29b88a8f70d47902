/* log.c - from events in the shared segment to lines in the log file.
 * Rule: who logs never waits for who reads: what finds no room is counted as lost. One thread
 * writes (descriptor DESCRIPTOR_LOG), one write(2) a line. */
#include "log.h"

#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../policy/blob.h"
#include "../process/clock.h"
#include "../process/thread.h"
#include "segment.h"

#define FIRST_HITS 1024
#define PERIOD_MS 100    /* how often events are written */
#define PATIENCE_MS 1000 /* without any progress of who reads */
#define STACK_SIZE (64U << 10)
#define LINES 256U /* a power of two */
#define LINE_MAX_BYTES 2048

static struct {
    struct segment *segment; /* NULL: nothing is logged */
    const uint8_t *policy;
    int level;
    /* Lines of the guardian's own, on their way to the thread that writes. */
    char lines[LINES][LINE_MAX_BYTES];
    _Atomic uint32_t put, taken;
    _Atomic uint32_t written; /* lines, events and looks for them: a futex */
    _Atomic uint32_t bell;    /* there is something to do: a futex */
    _Atomic bool closing, closed;
} the_log;

static void write_line(const char *line) {
    if (write(DESCRIPTOR_LOG, line, strlen(line)) < 0)
        return; /* a full disk must not stop the program */
}

static void make_line(char line[LINE_MAX_BYTES], int64_t time_ms, int level, const char *message,
                      const char *fields) {
    int length = snprintf(line, LINE_MAX_BYTES,
                          "{\"level\":%d,\"time\":%" PRId64 ",\"pid\":%d,\"msg\":\"%s\"%s}\n",
                          level, time_ms, (int)getpid(), message, fields);
    if (length < 0 || length >= LINE_MAX_BYTES)
        line[0] = '\0'; /* no half objects */
}

static void line_at(int64_t time_ms, int level, const char *message, const char *fields) {
    char line[LINE_MAX_BYTES];
    make_line(line, time_ms, level, message, fields);
    write_line(line);
}

static void wake(_Atomic uint32_t *futex) {
    (*futex)++;
    syscall(SYS_futex, futex, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void wait_for(const _Atomic uint32_t *futex, uint32_t value, int milliseconds) {
    const struct timespec most = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    syscall(SYS_futex, futex, FUTEX_WAIT, value, &most, NULL, 0);
}

void log_line(int level, const char *message, const char *format, ...) {
    char fields[1536];
    va_list arguments;
    if (!the_log.segment)
        return;
    if (the_log.put - the_log.taken == LINES) {
        segment_count(the_log.segment, COUNTER_EVENTS_LOST);
        return;
    }
    va_start(arguments, format);
    vsnprintf(fields, sizeof fields, format, arguments);
    va_end(arguments);
    make_line(the_log.lines[the_log.put % LINES], clock_ms(CLOCK_REALTIME), level, message, fields);
    the_log.put++;
    wake(&the_log.bell);
}

/* Text as the inside of a JSON string. Bytes that are no ASCII become \u00XX: names need not be
 * UTF-8, and a log line must be. */
static void escape(char *to, size_t capacity, const char *text) {
    size_t out = 0;
    for (; *text && out + 7 < capacity; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            to[out++] = '\\';
            to[out++] = (char)byte;
        } else if (byte < 0x20 || byte >= 0x7f) {
            out += (size_t)snprintf(to + out, capacity - out, "\\u%04x", byte);
        } else {
            to[out++] = (char)byte;
        }
    }
    to[out] = '\0';
}

/* Rule and program seen before? */
static bool seen(uint32_t rule, const char *program) {
    static uint64_t hits[FIRST_HITS];
    static size_t count;
    uint64_t hash = 1469598103934665603ULL ^ rule;
    for (; *program; program++)
        hash = (hash ^ (unsigned char)*program) * 1099511628211ULL;
    for (size_t i = 0; i < count; i++)
        if (hits[i] == hash)
            return true;
    if (count < FIRST_HITS)
        hits[count++] = hash;
    return false;
}

static void log_event(const struct event *event) {
    static const char *const decisions[EVENT_KINDS] = {"answered", "let run", "fallback",
                                                       "gone",     "let run", "fallback"};
    char program[512], rule[512], fields[1536];
    const char *name = blob_rule_name(the_log.policy, event->rule);
    bool answered = event->kind == EVENT_ANSWERED && name;
    escape(program, sizeof program, event->program);
    escape(rule, sizeof rule, answered ? name : "");
    if (answered && !seen(event->rule, event->program)) {
        snprintf(
            fields, sizeof fields,
            ",\"rule\":\"%s\",\"call\":\"%s\",\"tid\":%d,\"program\":\"%s\",\"was\":\"0x%" PRIx64
            "\",\"answer\":\"0x%" PRIx64 "\"",
            rule, known_call_name(event->call), event->tid, program, event->was, event->answer);
        line_at(event->time_ms, LOG_INFO, "first hit", fields);
    }
    if (event->kind == EVENT_FILTER && !seen(UINT32_MAX, event->program)) {
        snprintf(fields, sizeof fields, ",\"call\":\"%s\",\"tid\":%d,\"program\":\"%s\"",
                 known_call_name(event->call), event->tid, program);
        line_at(event->time_ms, LOG_WARN, "program installs a seccomp filter of its own", fields);
    }
    if (event->kind == EVENT_CLOSED && !seen(UINT32_MAX - 1 - event->reason, event->program)) {
        snprintf(fields, sizeof fields,
                 ",\"call\":\"%s\",\"tid\":%d,\"program\":\"%s\",\"reason\":\"%s\"",
                 known_call_name(event->call), event->tid, program,
                 fallback_name((enum fallback)event->reason));
        line_at(event->time_ms, LOG_WARN, "call refused, it would write", fields);
    }
    if (the_log.level > LOG_TRACE)
        return;
    int length = snprintf(fields, sizeof fields,
                          ",\"call\":\"%s\",\"tid\":%d,\"program\":\"%s\",\"decision\":\"%s\"",
                          known_call_name(event->call), event->tid, program,
                          decisions[event->kind < EVENT_KINDS ? event->kind : EVENT_LET_RUN]);
    if (answered)
        snprintf(fields + length, sizeof fields - (size_t)length,
                 ",\"rule\":\"%s\",\"was\":\"0x%" PRIx64 "\",\"answer\":\"0x%" PRIx64 "\"", rule,
                 event->was, event->answer);
    else if (event->kind == EVENT_FALLBACK || event->kind == EVENT_CLOSED)
        snprintf(fields + length, sizeof fields - (size_t)length, ",\"reason\":\"%s\"",
                 fallback_name((enum fallback)event->reason));
    line_at(event->time_ms, LOG_TRACE, "call", fields);
}

/* Writes the events that have come since the last call. `last`: nobody records any more. */
static void write_events(bool last) {
    static uint64_t next;
    static bool waited; /* for the event `next`: its writer may have died */
    struct segment *segment = the_log.segment;
    uint64_t end = atomic_load(&segment->event_next);
    if (end - next > SEGMENT_EVENTS) {
        atomic_fetch_add(&segment->counters[COUNTER_EVENTS_LOST], end - next - SEGMENT_EVENTS);
        next = end - SEGMENT_EVENTS;
    }
    for (; next < end; next++) {
        const struct event_place *place = &segment->events[next % SEGMENT_EVENTS];
        struct event event;
        uint64_t words[EVENT_WORDS] = {0};
        uint64_t before = atomic_load_explicit(&place->sequence, memory_order_acquire);
        for (size_t i = 0; i < EVENT_WORDS; i++)
            words[i] = atomic_load_explicit(&place->words[i], memory_order_acquire);
        uint64_t after = atomic_load_explicit(&place->sequence, memory_order_relaxed);
        memcpy(&event, words, sizeof event);
        bool whole = before == next + 1 && after == before;
        if (!whole && before <= next && !waited && !last) {
            waited = true;
            return;
        }
        waited = false;
        if (whole)
            log_event(&event);
        else
            segment_count(segment, COUNTER_EVENTS_LOST);
        wake(&the_log.written);
    }
}

static void write_totals(void) {
    static const char *const names[] = {
        "stopped", "answered",     "letRun",     "fallbacks",  "gone",
        "givenUp", "workerStarts", "eventsLost", "ownFilters",
    };
    _Static_assert(sizeof names / sizeof *names == COUNTER_COUNT,
                   "names of enum counter, in order");
    char fields[1024];
    int length = 0;
    for (int i = 0; i < COUNTER_COUNT; i++)
        length += snprintf(fields + length, sizeof fields - (size_t)length, ",\"%s\":%" PRIu64,
                           names[i], (uint64_t)the_log.segment->counters[i]);
    line_at(clock_ms(CLOCK_REALTIME), LOG_INFO, "totals", fields);
}

/* ---- the thread that writes ---- */

static void write_lines(void) {
    for (; the_log.taken != the_log.put; the_log.taken++) {
        write_line(the_log.lines[the_log.taken % LINES]);
        wake(&the_log.written);
    }
}

static void *run(void *argument) {
    for (;;) {
        uint32_t bell = the_log.bell;
        bool last = the_log.closing;
        write_lines();
        write_events(last);
        wake(&the_log.written);
        if (last)
            break;
        wait_for(&the_log.bell, bell, PERIOD_MS);
    }
    write_totals();
    the_log.closed = true;
    wake(&the_log.written);
    return argument;
}

int log_open(struct segment *segment, const uint8_t *policy, int level) {
    the_log.segment = segment;
    the_log.policy = policy;
    the_log.level = level;
    segment->logging = level <= LOG_TRACE ? LOG_ALL : LOG_ANSWERS;
    return thread_start(STACK_SIZE, run, NULL);
}

/* Who reads the log may have stopped: then what is left is lost. */
static bool wait_for_progress(uint32_t written) {
    int64_t begin = clock_ms(CLOCK_MONOTONIC);
    while (the_log.written == written) {
        if (clock_ms(CLOCK_MONOTONIC) - begin >= PATIENCE_MS)
            return false;
        wait_for(&the_log.written, written, PATIENCE_MS);
    }
    return true;
}

void log_flush(void) {
    uint32_t written;
    do
        written = the_log.written;
    while (the_log.segment && the_log.taken != the_log.put && wait_for_progress(written));
}

void log_close(void) {
    uint32_t written;
    if (!the_log.segment)
        return;
    the_log.closing = true;
    wake(&the_log.bell);
    do
        written = the_log.written;
    while (!the_log.closed && wait_for_progress(written));
}
