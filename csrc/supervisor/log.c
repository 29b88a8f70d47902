/* log.c - from events in the shared segment to lines in the log file.
 * Rule: readers report what they missed, writers never wait for them; only the guardian writes here
 * (descriptor DESCRIPTOR_LOG), one write(2) a line. */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../arch/call_table.h"
#include "../policy/blob.h"
#include "segment.h"

#define FIRST_HITS 1024

static struct {
    struct segment *segment; /* NULL: nothing is logged */
    const uint8_t *policy;
    int level;
} open_log;

void log_open(struct segment *segment, const uint8_t *policy, int level) {
    open_log.segment = segment;
    open_log.policy = policy;
    open_log.level = level;
    atomic_store(&segment->logging, level <= LOG_TRACE ? LOG_ALL : LOG_ANSWERS);
}

bool log_is_open(void) {
    return open_log.segment != NULL;
}

static void line_at(int64_t time_ms, int level, const char *message, const char *fields) {
    char line[2048];
    int length = snprintf(line, sizeof line,
                          "{\"level\":%d,\"time\":%" PRId64 ",\"pid\":%d,\"msg\":\"%s\"%s}\n",
                          level, time_ms, (int)getpid(), message, fields);
    if (length > 0 && (size_t)length < sizeof line &&
        write(DESCRIPTOR_LOG, line, (size_t)length) < 0)
        return; /* a full disk must not stop the program */
}

void log_line(int level, const char *message, const char *format, ...) {
    char fields[1536];
    struct timespec now;
    va_list arguments;
    if (!log_is_open())
        return;
    va_start(arguments, format);
    vsnprintf(fields, sizeof fields, format, arguments);
    va_end(arguments);
    clock_gettime(CLOCK_REALTIME, &now);
    line_at((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, level, message, fields);
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
    static const char *const decisions[] = {"answered", "let run", "fallback", "gone"};
    char program[512], rule[512], fields[1536];
    const char *name = blob_rule_name(open_log.policy, event->rule);
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
    if (open_log.level > LOG_TRACE)
        return;
    int length = snprintf(
        fields, sizeof fields, ",\"call\":\"%s\",\"tid\":%d,\"program\":\"%s\",\"decision\":\"%s\"",
        known_call_name(event->call), event->tid, program, decisions[event->kind & 3]);
    if (answered)
        snprintf(fields + length, sizeof fields - (size_t)length,
                 ",\"rule\":\"%s\",\"was\":\"0x%" PRIx64 "\",\"answer\":\"0x%" PRIx64 "\"", rule,
                 event->was, event->answer);
    else if (event->kind == EVENT_FALLBACK)
        snprintf(fields + length, sizeof fields - (size_t)length, ",\"reason\":\"%s\"",
                 fallback_name((enum fallback)event->reason));
    line_at(event->time_ms, LOG_TRACE, "call", fields);
}

void log_events(bool last) {
    static uint64_t next;
    static bool waited; /* for the event `next`: its writer may have died */
    struct segment *segment = open_log.segment;
    if (!segment)
        return;
    uint64_t end = atomic_load(&segment->event_next);
    if (end - next > SEGMENT_EVENTS) {
        atomic_fetch_add(&segment->counters[COUNTER_EVENTS_LOST], end - next - SEGMENT_EVENTS);
        next = end - SEGMENT_EVENTS;
    }
    for (; next < end; next++) {
        const struct event *slot = &segment->events[next % SEGMENT_EVENTS];
        struct event event;
        uint64_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);
        memcpy(&event, slot, sizeof event);
        atomic_thread_fence(memory_order_acquire);
        uint64_t after = atomic_load_explicit(&slot->sequence, memory_order_relaxed);
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
    }
}

void log_totals(void) {
    static const char *const names[] = {
        "stopped", "answered", "letRun",       "fallbacks",
        "gone",    "givenUp",  "workerStarts", "eventsLost",
    };
    _Static_assert(sizeof names / sizeof *names == COUNTER_COUNT,
                   "names of enum counter, in order");
    char fields[1024];
    int length = 0;
    for (int i = 0; log_is_open() && i < COUNTER_COUNT; i++)
        length += snprintf(fields + length, sizeof fields - (size_t)length, ",\"%s\":%" PRIu64,
                           names[i], (uint64_t)open_log.segment->counters[i]);
    log_line(LOG_INFO, "totals", "%s", fields);
}
