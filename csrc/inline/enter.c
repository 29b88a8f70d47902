/* enter.c - the steps by notify. A place first leads to code that asks the kernel for the page,
 * then to the agent in it. Rule: nobody else runs the code that is changed (alone.h). */
#include "enter.h"

#include <signal.h>
#include <sys/prctl.h>

#include "../arch/arch.h"
#include "../arch/call_table.h"
#include "../policy/blob.h"
#include "alone.h"
#include "beside.h"
#include "entry.h"
#include "rest.h"

/* ---- one program ---- */

/* A place that is as it was compiled. */
static enum inline_outcome begin(const struct entry *entry, enum page_state state) {
    uint8_t code[AGENT_BEFORE + AGENT_BEHIND];
    if (state == PAGE_OTHER)
        return INLINE_NO_PAGE;
    const uint64_t stub = state == PAGE_AGENT ? entry_make_stub(entry) : 0;
    if (state == PAGE_AGENT && stub == 0)
        return INLINE_NO_ROOM;
    const uint64_t room = entry_make_room(entry, stub);
    if (room == 0 || !agent_make_jump(&entry->place, room, code))
        return INLINE_NO_ROOM;
    const uint8_t *jump = code + AGENT_BEFORE - (entry->place.back - entry->at);
    if (!entry_write(entry, entry->at, jump, AGENT_JUMP_SIZE))
        return INLINE_NO_ACCESS;
    return state == PAGE_AGENT ? INLINE_ANSWERED : INLINE_BOOTING;
}

/* A place that leads to the code at `room`, which has asked for the page. */
static enum inline_outcome go_on(const struct entry *entry, enum page_state state, uint64_t room) {
    uint8_t way[AGENT_WAY_SIZE];
    if (state != PAGE_AGENT) /* In vain: it shall not ask again and again. */
        return entry_set_course(entry, room, AGENT_LEAVES) ? INLINE_NO_PAGE : INLINE_NO_ACCESS;
    const uint64_t stub = entry_make_stub(entry);
    if (stub == 0)
        return INLINE_NO_ROOM;
    agent_make_way(stub, way);
    return entry_write(entry, room + AGENT_WAY_AT, way, sizeof way) &&
                   entry_set_course(entry, room, AGENT_ANSWERS)
               ? INLINE_ANSWERED
               : INLINE_NO_ACCESS;
}

static enum inline_outcome step(struct entry *entry) {
    uint8_t there[AGENT_ROOM_SIZE];
    uint64_t room;
    const enum place_state place = entry_place_state(entry, &room);
    const bool leads = place == PLACE_LEADS;
    if (place == PLACE_OTHER)
        return INLINE_OTHER_CODE;
    if (leads && (!entry_read(entry, room, there, sizeof there) ||
                  !entry_find_form_of_room(entry, room, there)))
        return INLINE_NOTHING; /* it has led to the agent, or past it; or it is not ours */
    entry->at = agent_place_begin(&entry->place);
    const bool cancelled = agent_may_be_cancelled(&entry->place);
    const enum inline_outcome alone = entry->place.form == AGENT_FORM_GO
                                          ? INLINE_NOT_ALONE /* from its begin */
                                          : alone_prove(entry->call, cancelled);
    if (alone == INLINE_NOT_ALONE && !leads && entry->plan->beside)
        return cancelled ? INLINE_CANCELLED : beside_enter(entry);
    if (alone != INLINE_NOTHING)
        return alone;
    const enum inline_outcome around = entry_look_around(entry);
    if (around != INLINE_NOTHING)
        return around;
    enum page_state state = entry_page_state(entry);
    const bool enters = state == PAGE_EMPTY;
    if (enters) {
        if (!entry_fill_page(entry))
            return INLINE_NO_ACCESS;
        state = PAGE_AGENT;
    }
    const enum inline_outcome outcome = leads ? go_on(entry, state, room) : begin(entry, state);
    return enters && outcome == INLINE_ANSWERED ? INLINE_ENTERED : outcome;
}

enum inline_outcome inline_enter(struct stopped_call *call, const uint8_t *policy,
                                 const struct inline_plan *plan, uint64_t back, bool *away) {
    struct entry entry = {
        .call = call,
        .policy = policy,
        .plan = plan,
        .place = {.number = call->number, .back = back},
    };
    static struct rest rest;
    if (rest_goes_on(&rest))
        return INLINE_BUSY;
    const int64_t began = rest_begin();
    const enum inline_outcome outcome = entry_in_memory(&entry, INLINE_NO_ACCESS, step);
    rest_note(&rest, began);
    *away = entry.away;
    return outcome;
}

/* ---- the end ---- */

/* To ignore such a signal, as posix_spawn(3) does, ends no thread. */
bool inline_sets_handler(struct stopped_call *call) {
    uint64_t handler;
    return call->arguments[1] != 0 &&
           (tracee_read(call, call->arguments[1], &handler, sizeof handler) != sizeof handler ||
            handler > (uint64_t)(uintptr_t)SIG_IGN);
}

/* Its memory could not be changed any more when it installs a filter later. */
static bool becomes_unreadable(const struct stopped_call *call) {
    return (uint32_t)call->arguments[0] == PR_SET_DUMPABLE && call->arguments[1] != 1;
}

bool inline_must_stop(struct stopped_call *call, const struct inline_plan *plan, bool adds_filter) {
    const struct known_call *known = known_call(call->arch, call->number);
    return adds_filter ||
           (!plan->reaches_all && known && known->task == TASK_PRCTL && becomes_unreadable(call));
}

enum inline_outcome inline_stop(struct stopped_call *call, const struct inline_plan *plan,
                                code_writer *poke) {
    struct entry entry = {.call = call, .plan = plan, .poke = poke};
    return entry_in_memory(&entry, INLINE_NOTHING, entry_stop);
}
