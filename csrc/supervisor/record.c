/* record.c - counters and log events of served calls.
 * Rule: writers never wait; an event that nobody reads in time is overwritten, and counted as lost.
 */
#include "record.h"

#include <string.h>

#include "../arch/call_table.h"
#include "../process/clock.h"
#include "../tracee/identity.h"
#include "../tracee/server.h"

static enum event_kind kind_of(const struct verdict *verdict) {
    if (verdict->adds_filter)
        return EVENT_FILTER;
    if (verdict->reason != FALLBACK_NONE)
        return verdict->decision == DECISION_LET_RUN ? EVENT_FALLBACK : EVENT_CLOSED;
    return verdict->decision == DECISION_LET_RUN ? EVENT_LET_RUN : EVENT_ANSWERED;
}

static void write_event(struct segment *segment, const struct stopped_call *call,
                        const struct verdict *verdict) {
    uint32_t level = atomic_load_explicit(&segment->logging, memory_order_relaxed);
    if (level == LOG_NOTHING ||
        (level == LOG_ANSWERS && verdict->decision == DECISION_LET_RUN && !verdict->adds_filter))
        return;
    _Static_assert(sizeof((struct event *)NULL)->program == PROGRAM_NAME, "a name fits an event");

    struct event event = {
        .time_ms = clock_ms(CLOCK_REALTIME),
        .tid = call->tid,
        .call = known_call_index(call->arch, call->number),
        .rule = verdict->rule,
        .kind = (uint16_t)kind_of(verdict),
        .reason = (uint16_t)verdict->reason,
        .was = verdict->was,
        .answer = verdict->answer,
    };
    program_name(call->server->context, call->tid, event.program);
    uint64_t words[EVENT_WORDS];
    memcpy(words, &event, sizeof words);

    uint64_t number = atomic_fetch_add(&segment->event_next, 1);
    struct event_place *place = &segment->events[number % SEGMENT_EVENTS];
    atomic_store_explicit(&place->sequence, 0, memory_order_relaxed);
    for (size_t i = 0; i < EVENT_WORDS; i++)
        atomic_store_explicit(&place->words[i], words[i], memory_order_release);
    atomic_store_explicit(&place->sequence, number + 1, memory_order_release);
}

/* Counts `change` (1, or -1 to take it back) calls of a kind. */
static void count(struct segment *segment, const struct verdict *verdict, uint64_t change) {
    static const enum counter counters[] = {
        [EVENT_ANSWERED] = COUNTER_ANSWERED,  [EVENT_LET_RUN] = COUNTER_LET_RUN,
        [EVENT_FALLBACK] = COUNTER_FALLBACKS, [EVENT_CLOSED] = COUNTER_FALLBACKS,
        [EVENT_FILTER] = COUNTER_LET_RUN,
    };
    enum event_kind kind = kind_of(verdict);
    _Atomic uint64_t *detail = NULL;
    if (kind == EVENT_ANSWERED && verdict->rule < SEGMENT_RULES)
        detail = &segment->rule_hits[verdict->rule];
    else if (kind == EVENT_FALLBACK || kind == EVENT_CLOSED)
        detail = &segment->fallbacks[verdict->reason];
    atomic_fetch_add_explicit(&segment->counters[counters[kind]], change, memory_order_relaxed);
    if (detail)
        atomic_fetch_add_explicit(detail, change, memory_order_relaxed);
}

void record_verdict(struct segment *segment, const struct stopped_call *call,
                    const struct verdict *verdict) {
    write_event(segment, call, verdict);
    segment_count(segment, COUNTER_STOPPED);
    count(segment, verdict, 1);
    if (verdict->adds_filter)
        segment_count(segment, COUNTER_OWN_FILTERS);
}

void record_instead(struct segment *segment, const struct verdict *verdict,
                    const struct verdict *other) {
    count(segment, verdict, UINT64_MAX);
    count(segment, other, 1);
}

static void count_inline(struct segment *segment, enum inline_outcome outcome) {
    atomic_fetch_add_explicit(&segment->inlined[outcome], 1, memory_order_relaxed);
}

void record_inline(struct segment *segment, enum inline_outcome outcome) {
    if (outcome < INLINE_COUNT)
        count_inline(segment, outcome);
    if (outcome == INLINE_ENTERED) /* by a place */
        count_inline(segment, INLINE_ANSWERED);
}

void record_gone(struct segment *segment, const struct verdict *verdict) {
    count(segment, verdict, UINT64_MAX);
    segment_count(segment, COUNTER_GONE);
}
