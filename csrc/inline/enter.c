/* enter.c - the steps. A place first leads to code that asks the kernel for the page, then to the
 * agent in it. Rule: each write is preceded by proof that its bytes are what they are taken for,
 * and that the call is still stopped; each lies within a page, so it is done or it is not. */
#include "enter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../arch/arch.h"
#include "../arch/call_table.h"
#include "../policy/blob.h"
#include "../tracee/rights.h"
#include "../tracee/server.h"
#include "alone.h"
#include "room.h"

/* ---- when ---- */

#define COUNTED 256U /* processes, by their ids: who has another one's place begins anew */
#define TRIED_AT_ONCE 8U

bool inline_is_due(const struct stopped_call *call, const uint8_t *policy,
                   const struct inline_plan *plan, uint64_t back) {
    /* The id of a thread, where its libraries lie (which is another place once it has executed
     * another program), and how often it was seen: hints alone. */
    static _Atomic uint64_t counts[COUNTED];
    if (plan->address == 0 ||
        !known_call_is_of_agent(known_call(call->arch, call->number), blob_header(policy)->calls))
        return false;
    _Atomic uint64_t *place = &counts[(uint32_t)call->tid % COUNTED];
    const uint64_t who = (uint64_t)(uint32_t)call->tid << 32 | (back >> 28 & UINT16_MAX) << 16;
    const uint64_t before = atomic_load_explicit(place, memory_order_relaxed);
    const uint32_t seen = before >> 16 == who >> 16 ? (uint32_t)(before & UINT16_MAX) : 0;
    const uint32_t count = seen < UINT16_MAX ? seen + 1 : seen;
    atomic_store_explicit(place, who | count, memory_order_relaxed);
    return count >= plan->after &&
           (count - plan->after < TRIED_AT_ONCE || (count & (count - 1)) == 0);
}

/* ---- one program ---- */

struct entry {
    struct stopped_call *call;
    const uint8_t *policy;
    uint64_t page; /* the agent's address */
    int memory;    /* /proc/TID/mem */
    struct agent_place place;
    uint64_t at; /* where that begins */
    struct room room;
};

static int open_memory(const struct stopped_call *call) {
    char name[64];
    snprintf(name, sizeof name, "%d/mem", call->tid);
    return openat(call->server->context->proc, name, O_RDWR | O_CLOEXEC);
}

/* `closed`: what becomes of it where the memory cannot be opened. */
static enum inline_outcome in_memory(struct entry *entry, enum inline_outcome closed,
                                     enum inline_outcome (*run)(struct entry *)) {
    if (rights_own(entry->call->server) != 0)
        return INLINE_NO_ACCESS;
    entry->memory = open_memory(entry->call);
    const enum inline_outcome outcome = entry->memory < 0 ? closed : run(entry);
    if (entry->memory >= 0)
        close(entry->memory);
    rights_must_usual(entry->call->server);
    return outcome;
}

static bool read_at(const struct entry *entry, uint64_t address, void *bytes, size_t length) {
    return pread(entry->memory, bytes, length, (off_t)address) == (ssize_t)length;
}

static bool write_at(const struct entry *entry, uint64_t address, const void *bytes,
                     size_t length) {
    return entry->call->mechanism->still_stopped(entry->call) &&
           pwrite(entry->memory, bytes, length, (off_t)address) == (ssize_t)length;
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    while (length > 0 && bytes[length - 1] == 0)
        length--;
    return length == 0;
}

_Static_assert(AGENT_ROOM_SIZE <= AGENT_STUB_SIZE, "lay() has room for both");

/* What the page is: unmapped, empty, the agent's, or somebody else's. */
enum page_state { PAGE_MISSING, PAGE_EMPTY, PAGE_AGENT, PAGE_OTHER };

static enum page_state page_state(const struct entry *entry) {
    uint8_t head[AGENT_HEAD_SIZE];
    if (entry->room.page_is_free)
        return PAGE_MISSING;
    if (!entry->room.page_is_ours || !read_at(entry, entry->page, head, sizeof head))
        return PAGE_OTHER;
    if (agent_is_head(head, entry->page))
        return PAGE_AGENT;
    return is_zero(head, sizeof head) ? PAGE_EMPTY : PAGE_OTHER;
}

/* The head last: until then the page counts as empty. */
static bool fill_page(const struct entry *entry) {
    struct agent_page page;
    agent_make_page(entry->policy, entry->page, &page);
    return write_at(entry, entry->page + AGENT_HEAD_SIZE, page.bytes + AGENT_HEAD_SIZE,
                    AGENT_PAGE - AGENT_HEAD_SIZE) &&
           write_at(entry, entry->page, page.bytes, AGENT_HEAD_SIZE);
}

/* Has these bytes at an address: they are there, or nothing is and they are written. TAKEN: other
 * ones are there. */
enum laid { LAID, TAKEN, FAILED };

static enum laid lay(const struct entry *entry, uint64_t address, const uint8_t *wanted,
                     size_t length) {
    uint8_t there[AGENT_STUB_SIZE];
    if (length > sizeof there || !read_at(entry, address, there, length))
        return FAILED;
    if (memcmp(there, wanted, length) == 0)
        return LAID;
    if (!is_zero(there, length))
        return TAKEN;
    return write_at(entry, address, wanted, length) ? LAID : FAILED;
}

/* A stub for this place: the one that it has, or a new one. 0: there is no room, or it cannot be
 * written. */
static uint64_t make_stub(const struct entry *entry) {
    uint8_t wanted[AGENT_STUB_SIZE];
    for (unsigned i = 0; i < AGENT_STUBS; i++) {
        const uint64_t stub = agent_stub(entry->page, i);
        agent_make_stub(entry->policy, entry->page, stub, &entry->place, wanted);
        const enum laid laid = lay(entry, stub, wanted, sizeof wanted);
        if (laid != TAKEN)
            return laid == LAID ? stub : 0;
    }
    return 0;
}

/* The room that this place is to have: with a stub it answers, without one it boots. */
static bool make_room(const struct entry *entry, uint64_t room, uint64_t stub,
                      uint8_t wanted[AGENT_ROOM_SIZE]) {
    if (!agent_make_room(entry->page, room, &entry->place, wanted))
        return false;
    if (stub != 0) {
        agent_make_way(stub, wanted + AGENT_WAY_AT);
        wanted[AGENT_COURSE_AT] = agent_course_byte(AGENT_ANSWERS);
    }
    return true;
}

/* Room behind the code: where nothing is, or what is to be there already. 0: none. */
static uint64_t find_room(const struct entry *entry, uint64_t stub) {
    uint8_t wanted[AGENT_ROOM_SIZE];
    const uint64_t first = room_first(entry->memory, &entry->room);
    for (uint64_t room = first; first != 0 && room + AGENT_ROOM_SIZE <= entry->room.end;
         room += AGENT_ROOM_SIZE) {
        if (!make_room(entry, room, stub, wanted))
            return 0;
        const enum laid laid = lay(entry, room, wanted, sizeof wanted);
        if (laid != TAKEN)
            return laid == LAID ? room : 0;
    }
    return 0;
}

/* A place that is as it was compiled. */
static enum inline_outcome begin(const struct entry *entry, enum page_state state) {
    uint8_t jump[AGENT_JUMP_SIZE];
    if (state == PAGE_OTHER)
        return INLINE_NO_PAGE;
    const uint64_t stub = state == PAGE_AGENT ? make_stub(entry) : 0;
    if (state == PAGE_AGENT && stub == 0)
        return INLINE_NO_ROOM;
    const uint64_t room = find_room(entry, stub);
    if (room == 0 || !agent_make_jump(entry->at, room, jump))
        return INLINE_NO_ROOM;
    if (!write_at(entry, entry->at, jump, sizeof jump))
        return INLINE_NO_ACCESS;
    return state == PAGE_AGENT ? INLINE_ANSWERED : INLINE_BOOTING;
}

static bool set_course(const struct entry *entry, uint64_t room, enum agent_course course) {
    const uint8_t byte = agent_course_byte(course);
    return write_at(entry, room + AGENT_COURSE_AT, &byte, sizeof byte);
}

/* A place that leads to the code at `room`, which has asked for the page. */
static enum inline_outcome go_on(const struct entry *entry, enum page_state state, uint64_t room) {
    uint8_t way[AGENT_WAY_SIZE];
    if (state != PAGE_AGENT) /* In vain: it shall not ask again and again. */
        return set_course(entry, room, AGENT_LEAVES) ? INLINE_NO_PAGE : INLINE_NO_ACCESS;
    const uint64_t stub = make_stub(entry);
    if (stub == 0)
        return INLINE_NO_ROOM;
    agent_make_way(stub, way);
    return write_at(entry, room + AGENT_WAY_AT, way, sizeof way) &&
                   set_course(entry, room, AGENT_ANSWERS)
               ? INLINE_ANSWERED
               : INLINE_NO_ACCESS;
}

/* Finds out the form of a place as it was compiled. `bytes`: it, behind those before it. */
static bool find_form(struct entry *entry, const uint8_t bytes[AGENT_BEFORE + AGENT_PLACE_SIZE]) {
    for (int form = 0; form < AGENT_FORMS; form++) {
        entry->place.form = (enum agent_form)form;
        if (agent_is_place(&entry->place, bytes, bytes + AGENT_BEFORE))
            return true;
    }
    return false;
}

/* ... of one that leads to the code at `room`, which boots. */
static bool find_form_of_room(struct entry *entry, uint64_t room,
                              const uint8_t there[AGENT_ROOM_SIZE]) {
    uint8_t wanted[AGENT_ROOM_SIZE];
    for (int form = 0; form < AGENT_FORMS; form++) {
        entry->place.form = (enum agent_form)form;
        /* The way may have been laid by who died before the rest. */
        if (agent_make_room(entry->page, room, &entry->place, wanted) &&
            memcmp(there, wanted, AGENT_WAY_AT) == 0)
            return true;
    }
    return false;
}

static enum inline_outcome step(struct entry *entry) {
    uint8_t bytes[AGENT_BEFORE + AGENT_PLACE_SIZE], there[AGENT_ROOM_SIZE];
    uint64_t room;
    if (entry->at / AGENT_PAGE != (entry->place.back - 1) / AGENT_PAGE ||
        !read_at(entry, entry->at - AGENT_BEFORE, bytes, sizeof bytes))
        return INLINE_OTHER_CODE;
    const bool leads = agent_read_jump(entry->at, bytes + AGENT_BEFORE, &room);
    if (leads ? !read_at(entry, room, there, sizeof there) : !find_form(entry, bytes))
        return INLINE_OTHER_CODE;
    if (leads && !find_form_of_room(entry, room, there))
        return INLINE_NOTHING; /* it has led to the agent, or past it; or it is not ours */
    const enum inline_outcome alone = alone_prove(entry->call);
    if (alone != INLINE_NOTHING)
        return alone;
    if (!room_find(entry->call, entry->at, entry->page, &entry->room) ||
        !entry->call->mechanism->still_stopped(entry->call))
        return INLINE_NO_ACCESS;
    if (entry->room.begin == 0 || entry->at - AGENT_BEFORE < entry->room.begin)
        return INLINE_OTHER_CODE;
    enum page_state state = page_state(entry);
    const bool enters = state == PAGE_EMPTY;
    if (enters) {
        if (!fill_page(entry))
            return INLINE_NO_ACCESS;
        state = PAGE_AGENT;
    }
    const enum inline_outcome outcome = leads ? go_on(entry, state, room) : begin(entry, state);
    return enters && outcome == INLINE_ANSWERED ? INLINE_ENTERED : outcome;
}

enum inline_outcome inline_enter(struct stopped_call *call, const uint8_t *policy,
                                 const struct inline_plan *plan, uint64_t back) {
    struct entry entry = {
        .call = call,
        .policy = policy,
        .page = plan->address,
        .place = {.number = call->number, .back = back},
        .at = back - AGENT_PLACE_SIZE,
    };
    return in_memory(&entry, INLINE_NO_ACCESS, step);
}

/* ---- the end ---- */

/* A handler: to ignore such a signal, as posix_spawn(3) does, ends no thread. */
static bool sets_handler(struct stopped_call *call) {
    uint64_t handler;
    return call->arguments[1] != 0 &&
           (tracee_read(call, call->arguments[1], &handler, sizeof handler) != sizeof handler ||
            handler > (uint64_t)(uintptr_t)SIG_IGN);
}

bool inline_must_stop(struct stopped_call *call, bool adds_filter) {
    const struct known_call *known = known_call(call->arch, call->number);
    return adds_filter || (known && known->task == TASK_SIGACTION && sets_handler(call));
}

/* Code that would ask for the page does so no more: each room has one byte for it. */
static bool end_boots(void *context, const struct room *room) {
    const struct entry *entry = context;
    uint8_t there[AGENT_ROOM_SIZE];
    const uint64_t first = room_first(entry->memory, room);
    for (uint64_t at = first; first != 0 && at + AGENT_ROOM_SIZE <= room->end;
         at += AGENT_ROOM_SIZE) {
        if (!read_at(entry, at, there, sizeof there) || is_zero(there, sizeof there))
            break;
        if (agent_boots(entry->page, there) && !set_course(entry, at, AGENT_LEAVES))
            return false;
    }
    return true;
}

/* One byte: other threads see it, or they do not yet. */
static enum inline_outcome stop(struct entry *entry) {
    uint8_t head[AGENT_HEAD_SIZE];
    const uint8_t on = 1;
    const bool ended = room_each(entry->call, end_boots, entry);
    if (!read_at(entry, entry->page, head, sizeof head) || !agent_is_head(head, entry->page))
        return ended ? INLINE_NOTHING : INLINE_NO_ACCESS;
    return write_at(entry, agent_switch(entry->page), &on, sizeof on) && ended ? INLINE_STOPPED
                                                                               : INLINE_NO_ACCESS;
}

enum inline_outcome inline_stop(struct stopped_call *call, const struct inline_plan *plan) {
    struct entry entry = {.call = call, .page = plan->address};
    return in_memory(&entry, INLINE_NOTHING, stop);
}
