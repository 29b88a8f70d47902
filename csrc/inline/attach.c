/* attach.c - the steps by trace. Rule: as in its header; and nothing is read here that would have
 * to be fetched, since the tracer must not wait: the program fetches it. */
#include "attach.h"

#include <errno.h>

#include "../arch/arch.h"
#include "../arch/call_table.h"
#include "../arch/kernel.h"
#include "../tracee/memory.h"
#include "entry.h"

#define MOST_FETCHED 4

struct progress {
    struct entry entry; /* first: what runs with its memory gets this one, too */
    struct attach *attach;
    int64_t result;
};

static enum inline_outcome next(struct attach *attach, enum attach_step step,
                                struct exchange_call call) {
    attach->step = step;
    attach->next = call;
    return INLINE_BOOTING;
}

static enum inline_outcome next_unmap(struct attach *attach, uint64_t where, uint64_t length) {
    return next(attach, ATTACH_AWAY, (struct exchange_call){NUMBER_MUNMAP, 2, {where, length}});
}

/* ---- the page ---- */

static enum inline_outcome note_threads(const struct progress *progress) {
    const uint8_t on = 1;
    return entry_write(&progress->entry, agent_threads(progress->entry.plan->address), &on,
                       sizeof on)
               ? INLINE_DONE
               : INLINE_NO_ACCESS;
}

static bool says_threads(const struct entry *entry) {
    uint8_t threads = 1;
    return !entry_read(entry, agent_threads(entry->plan->address), &threads, sizeof threads) ||
           threads != 0;
}

static bool may_be_cancelled(const struct progress *progress) {
    const struct entry *entry = &progress->entry;
    return agent_may_be_cancelled(&entry->place) &&
           (!progress->attach->opens_by_library || says_threads(entry));
}

/* The same before all mappings are read, which takes long where there are many. */
static bool is_known_to_be_cancelled(const struct progress *progress) {
    const struct entry *entry = &progress->entry;
    const uint64_t page = entry->plan->address;
    uint8_t head[AGENT_HEAD_SIZE];
    return agent_may_be_cancelled(&entry->place) &&
           (!progress->attach->opens_by_library ||
            (memory_is_present(entry->call->tid, page, AGENT_PAGE) &&
             entry_read(entry, page, head, sizeof head) && agent_is_head(head, page) &&
             says_threads(entry)));
}

/* ---- the place ---- */

/* Has the program fetch a page, if it is not there. INLINE_NOTHING: it is. */
static enum inline_outcome fetch(struct progress *progress, uint64_t address) {
    struct attach *attach = progress->attach;
    const uint64_t page = exchange_page(address);
    if (memory_is_present(progress->entry.call->tid, page, AGENT_PAGE))
        return INLINE_NOTHING;
    if (++attach->fetched > MOST_FETCHED)
        return INLINE_NO_ACCESS;
    return next(
        attach, ATTACH_FETCH,
        (struct exchange_call){NUMBER_MADVISE, 3, {page, AGENT_PAGE, K_MADV_POPULATE_READ}});
}

static enum inline_outcome make_room(struct progress *progress) {
    struct entry *entry = &progress->entry;
    struct attach *attach = progress->attach;
    if (entry->room.first == 0)
        return INLINE_NO_ROOM;
    const enum inline_outcome fetched = fetch(progress, entry->room.first);
    if (fetched != INLINE_NOTHING)
        return fetched;
    if (!entry_may_copy(entry))
        return INLINE_OTHER_CODE;
    attach->enters = entry_is_first(entry);
    const uint64_t stub = entry_make_stub(entry);
    attach->room = stub != 0 ? entry_make_room(entry, stub) : 0;
    return attach->room != 0 ? next(attach, ATTACH_COPY, exchange_map(0, AGENT_PAGE, 0))
                             : INLINE_NO_ROOM;
}

/* Nothing comes of it. */
static enum inline_outcome drop_copy(struct attach *attach) {
    return next_unmap(attach, attach->copy, AGENT_PAGE);
}

/* The copy: with a jump at the place. */
static enum inline_outcome change_copy(struct progress *progress) {
    const struct entry *entry = &progress->entry;
    struct attach *attach = progress->attach;
    if (!entry_make_copy(entry, attach->copy, attach->room))
        return drop_copy(attach);
    return next(attach, ATTACH_MOVE, exchange_move(attach->copy, exchange_page(entry->at)));
}

/* ---- step by step ---- */

static bool is_address(int64_t result) {
    return result < -4095 || result > 0;
}

/* The place is as it was compiled, and lies in code of a file. INLINE_NOTHING: so it is. */
static enum inline_outcome look_at_place(struct progress *progress) {
    struct entry *entry = &progress->entry;
    uint64_t leads;
    const enum inline_outcome fetched = fetch(progress, entry->place.back - 1);
    if (fetched != INLINE_NOTHING)
        return fetched;
    const enum place_state place = entry_place_state(entry, &leads);
    if (place != PLACE_COMPILED)
        return place == PLACE_LEADS ? INLINE_DONE : INLINE_OTHER_CODE;
    entry->at = agent_place_begin(&entry->place);
    return INLINE_NOTHING;
}

static enum inline_outcome look_around(struct progress *progress) {
    struct entry *entry = &progress->entry;
    if (!room_find(entry->call, entry->memory, entry->at, entry->plan->address, &entry->room))
        return INLINE_NO_ACCESS;
    if (entry->room.absent != 0)
        return fetch(progress, entry->room.absent);
    return progress->attach->has_threads || entry->room.is_code ? INLINE_NOTHING
                                                                : INLINE_OTHER_CODE;
}

/* The page is the agent's. INLINE_NOTHING: so it is. */
static enum inline_outcome look_at_page(struct progress *progress) {
    const struct entry *entry = &progress->entry;
    switch (entry_page_state(entry)) {
    case PAGE_MISSING:
        return next(progress->attach, ATTACH_PAGE,
                    exchange_map(entry->plan->address, AGENT_SIZE, K_MAP_FIXED_NOREPLACE));
    case PAGE_OTHER:
        return INLINE_NO_PAGE;
    case PAGE_EMPTY:
        return entry_fill_page(entry) ? INLINE_NOTHING : INLINE_NO_ACCESS;
    case PAGE_AGENT:
        break;
    }
    return INLINE_NOTHING;
}

/* From what is seen: the first time, and after each call that has changed it. */
static enum inline_outcome look(struct progress *progress) {
    struct attach *attach = progress->attach;
    const bool has_copy = attach->step == ATTACH_COPY;
    enum inline_outcome outcome = attach->has_threads ? INLINE_NOTHING : look_at_place(progress);
    if (has_copy)
        return outcome == INLINE_NOTHING ? change_copy(progress) : drop_copy(attach);
    if (outcome == INLINE_NOTHING && is_known_to_be_cancelled(progress))
        return INLINE_CANCELLED;
    if (outcome == INLINE_NOTHING)
        outcome = look_around(progress);
    if (outcome == INLINE_NOTHING)
        outcome = look_at_page(progress);
    if (outcome != INLINE_NOTHING)
        return outcome;
    if (attach->has_threads)
        return note_threads(progress);
    return may_be_cancelled(progress) ? INLINE_CANCELLED : make_room(progress);
}

static enum inline_outcome on_result(struct progress *progress) {
    struct attach *attach = progress->attach;
    const int64_t result = progress->result;
    switch (attach->step) {
    case ATTACH_PAGE:
        if (result == -EEXIST) /* another thread has been first */
            return ++attach->fetched > MOST_FETCHED ? INLINE_NO_PAGE : look(progress);
        if (!is_address(result))
            return INLINE_NO_PAGE;
        /* Before Linux 4.17, and in gVisor of 2022, it is any place if there is none at this one.
         */
        if ((uint64_t)result != attach->plan->address)
            return next_unmap(attach, (uint64_t)result, AGENT_SIZE);
        return look(progress);
    case ATTACH_FETCH:
        return look(progress);
    case ATTACH_COPY:
        if (!is_address(result))
            return INLINE_NO_ACCESS;
        attach->copy = (uint64_t)result;
        return look(progress);
    case ATTACH_MOVE:
        if ((uint64_t)result != attach->next.arguments[4])
            return drop_copy(attach);
        return attach->enters ? INLINE_ENTERED : INLINE_ANSWERED;
    case ATTACH_AWAY:
        break;
    }
    return attach->copy != 0 ? INLINE_NO_ACCESS : INLINE_NO_PAGE;
}

static enum inline_outcome begin(struct entry *entry) {
    return look((struct progress *)entry);
}

static enum inline_outcome go_on(struct entry *entry) {
    return on_result((struct progress *)entry);
}

static enum inline_outcome run(struct stopped_call *call, struct attach *attach, int64_t result,
                               enum inline_outcome (*with)(struct entry *)) {
    struct progress progress = {
        .entry = {.call = call,
                  .policy = attach->policy,
                  .plan = attach->plan,
                  .poke = attach->poke,
                  .place = {.number = call->number, .back = attach->back}},
        .attach = attach,
        .result = result,
    };
    return entry_in_memory(&progress.entry, INLINE_NO_ACCESS, with);
}

enum inline_outcome attach_begin(struct stopped_call *call, struct attach *attach) {
    attach->step = ATTACH_PAGE;
    return run(call, attach, 0, begin);
}

enum inline_outcome attach_go_on(struct stopped_call *call, struct attach *attach, int64_t result) {
    return run(call, attach, result, go_on);
}
