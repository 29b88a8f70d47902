/* entry.c - reads and writes the parts of a program that answers calls by itself.
 * Rule: as in its header. What is seen there says what is to be done, so nothing is remembered. */
#include "entry.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../tracee/memory.h"
#include "../tracee/rights.h"
#include "../tracee/server.h"
#include "exchange.h"
#include "stub.h"

/* gVisor's of 2022 can be read alone, which shows when it is written. */
static int open_memory(const struct stopped_call *call) {
    char name[64];
    snprintf(name, sizeof name, "%d/mem", call->tid);
    return openat(call->server->context->proc, name, O_RDWR | O_CLOEXEC);
}

enum inline_outcome entry_in_memory(struct entry *entry, enum inline_outcome closed,
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

bool entry_read(const struct entry *entry, uint64_t address, void *bytes, size_t length) {
    return pread(entry->memory, bytes, length, (off_t)address) == (ssize_t)length;
}

bool entry_write(const struct entry *entry, uint64_t address, const void *bytes, size_t length) {
    return entry->call->mechanism->still_stopped(entry->call) &&
           entry_write_anyway(entry, address, bytes, length);
}

bool entry_write_anyway(const struct entry *entry, uint64_t address, const void *bytes,
                        size_t length) {
    return pwrite(entry->memory, bytes, length, (off_t)address) == (ssize_t)length ||
           (entry->poke && entry->poke(entry->call->tid, address, bytes, length) == 0);
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    while (length > 0 && bytes[length - 1] == 0)
        length--;
    return length == 0;
}

enum inline_outcome entry_look_around(struct entry *entry) {
    if (!room_find(entry->call, entry->memory, entry->at, entry->plan->address, &entry->room) ||
        !entry->call->mechanism->still_stopped(entry->call))
        return INLINE_NO_ACCESS;
    return entry->room.is_code ? INLINE_NOTHING : INLINE_OTHER_CODE;
}

/* ---- the page ---- */

enum page_state entry_page_state(const struct entry *entry) {
    uint8_t head[AGENT_HEAD_SIZE];
    const uint64_t page = entry->plan->address;
    if (entry->room.page_is_free)
        return PAGE_MISSING;
    if (!entry->room.page_is_ours || !entry_read(entry, page, head, sizeof head))
        return PAGE_OTHER;
    if (agent_is_head(head, page))
        return PAGE_AGENT;
    return is_zero(head, sizeof head) ? PAGE_EMPTY : PAGE_OTHER;
}

/* The head last: until then the page counts as empty. */
bool entry_fill_page(const struct entry *entry) {
    struct agent_head head;
    const uint64_t address = entry->plan->address;
    const struct names_place names = agent_places(entry->policy, entry->plan, NUMBER_OPENAT).names;
    agent_make_head(entry->policy, entry->plan, &head);
    if (names.look != 0)
        stub_put_look(&names, head.bytes + (names.look - address));
    return entry_write(entry, address + AGENT_HEAD_SIZE, head.bytes + AGENT_HEAD_SIZE,
                       AGENT_HEAD_PART - AGENT_HEAD_SIZE) &&
           entry_write(entry, address, head.bytes, AGENT_HEAD_SIZE);
}

/* Has these bytes at an address: they are there, or nothing is and they are written. TAKEN: other
 * ones are there. */
enum laid { LAID, TAKEN, FAILED };

_Static_assert(AGENT_ROOM_SIZE <= AGENT_STUB_SIZE, "lay() has room for both");

static enum laid lay(const struct entry *entry, uint64_t address, const uint8_t *wanted,
                     size_t length) {
    uint8_t there[AGENT_MOST_STUBS * AGENT_STUB_SIZE];
    if (length > sizeof there || !entry_read(entry, address, there, length))
        return FAILED;
    if (memcmp(there, wanted, length) == 0)
        return LAID;
    if (!is_zero(there, length))
        return TAKEN;
    return entry_write(entry, address, wanted, length) ? LAID : FAILED;
}

bool entry_is_first(const struct entry *entry) {
    uint8_t there[AGENT_STUB_SIZE];
    return entry_read(entry, agent_stub(entry->plan->address, 0), there, sizeof there) &&
           is_zero(there, sizeof there);
}

uint64_t entry_make_stub(const struct entry *entry) {
    uint8_t wanted[AGENT_MOST_STUBS * AGENT_STUB_SIZE];
    const uint64_t page = entry->plan->address;
    const size_t size = agent_stubs_size(entry->policy, entry->place.form);
    for (unsigned i = 0; agent_stub(0, i) + size <= agent_stub(0, AGENT_STUBS); i++) {
        const uint64_t stub = agent_stub(page, i);
        if (stub % AGENT_PAGE + size > AGENT_PAGE)
            continue;
        agent_make_stub(entry->policy, entry->plan, stub, &entry->place, wanted);
        const enum laid laid = lay(entry, stub, wanted, size);
        if (laid != TAKEN)
            return laid == LAID ? stub : 0;
    }
    return 0;
}

/* ---- places ---- */

/* No byte of another page is read, which might have to be fetched. */
static bool read_place(const struct entry *entry, uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    const uint64_t back = entry->place.back, page = exchange_page(back - 1);
    uint64_t from = back - AGENT_BEFORE, to = back + AGENT_BEHIND;
    if (from < page)
        return false;
    if (to > page + AGENT_PAGE)
        to = page + AGENT_PAGE;
    memset(code, 0, AGENT_BEFORE + AGENT_BEHIND);
    return entry_read(entry, from, code, to - from);
}

static bool find_form(struct entry *entry, const uint8_t code[AGENT_BEFORE + AGENT_BEHIND]) {
    for (int form = 0; form < AGENT_FORMS; form++) {
        entry->place.form = (enum agent_form)form;
        if (agent_is_place(&entry->place, code))
            return true;
    }
    return false;
}

enum place_state entry_place_state(struct entry *entry, uint64_t *room) {
    uint8_t code[AGENT_BEFORE + AGENT_BEHIND];
    if (!read_place(entry, code))
        return PLACE_OTHER;
    if (agent_read_jump(&entry->place, code, room))
        return PLACE_LEADS;
    return find_form(entry, code) ? PLACE_COMPILED : PLACE_OTHER;
}

/* Does the program's code in this page stand so in its file? Behind it are rooms of ours. */
static bool is_as_in_file(const struct entry *entry, uint64_t page) {
    const struct room *room = &entry->room;
    char name[96];
    uint8_t there[AGENT_PAGE], in_file[AGENT_PAGE];
    const uint64_t end = room->behind < page + AGENT_PAGE ? room->behind : page + AGENT_PAGE;
    snprintf(name, sizeof name, "%d/map_files/%" PRIx64 "-%" PRIx64, entry->call->tid, room->begin,
             room->mapped_to);
    const int fd = openat(entry->call->server->context->proc, name, O_RDONLY | O_CLOEXEC);
    const off_t at = (off_t)(room->offset + (page - room->begin));
    const bool same = fd >= 0 && end > page && entry_read(entry, page, there, end - page) &&
                      pread(fd, in_file, end - page, at) == (ssize_t)(end - page) &&
                      memcmp(there, in_file, end - page) == 0;
    if (fd >= 0)
        close(fd);
    return same;
}

bool entry_may_copy(const struct entry *entry) {
    const uint64_t page = exchange_page(entry->at);
    return entry->room.is_exchanged ||
           !memory_is_changed(entry->call->server->context->proc, entry->call->tid, page) ||
           is_as_in_file(entry, page);
}

bool entry_make_copy(const struct entry *entry, uint64_t copy, uint64_t room) {
    uint8_t bytes[AGENT_PAGE + AGENT_BEFORE + AGENT_BEHIND];
    const uint64_t page = exchange_page(entry->at);
    const uint64_t before = entry->place.back - AGENT_BEFORE - page;
    return before <= AGENT_PAGE && entry_read(entry, page, bytes, AGENT_PAGE) &&
           agent_make_jump(&entry->place, room, bytes + before) &&
           entry_write(entry, copy, bytes, AGENT_PAGE);
}

/* ---- rooms ---- */

/* Where nothing is, or what is to be there already. */
uint64_t entry_make_room(const struct entry *entry, uint64_t stub) {
    uint8_t wanted[AGENT_ROOM_SIZE];
    const size_t size = stub != 0 ? AGENT_WAY_ROOM_SIZE : AGENT_ROOM_SIZE;
    const uint64_t first = entry->room.first;
    for (uint64_t room = first; first != 0 && room + size <= entry->room.end;
         room += AGENT_ROOM_STEP) {
        if (stub != 0 ? !agent_make_way_room(stub, room, &entry->place, wanted)
                      : !agent_make_room(entry->plan->address, room, &entry->place, wanted))
            return 0;
        const enum laid laid = lay(entry, room, wanted, size);
        if (laid != TAKEN)
            return laid == LAID ? room : 0;
    }
    return 0;
}

uint64_t entry_find_room(const struct entry *entry, size_t length) {
    uint8_t there[AGENT_MOST_STUBS * AGENT_STUB_SIZE];
    const uint64_t first = entry->room.first;
    for (uint64_t at = first;
         first != 0 && length <= sizeof there && at + length <= entry->room.end;
         at += AGENT_ROOM_STEP)
        if (!entry_read(entry, at, there, length))
            break;
        else if (is_zero(there, length))
            return at;
    return 0;
}

/* The way may have been laid by who died before the rest. */
bool entry_find_form_of_room(struct entry *entry, uint64_t room,
                             const uint8_t there[AGENT_ROOM_SIZE]) {
    for (int form = 0; form < AGENT_FORMS; form++) {
        entry->place.form = (enum agent_form)form;
        if (agent_is_room(entry->plan->address, room, &entry->place, there))
            return true;
    }
    return false;
}

bool entry_set_course(const struct entry *entry, uint64_t room, enum agent_course course) {
    uint8_t bytes[AGENT_COURSE_SIZE];
    agent_make_course(course, bytes);
    return entry_write(entry, room + AGENT_COURSE_AT, bytes, sizeof bytes);
}

/* ---- the end ---- */

/* Code that would ask for the page does so no more: each room has one byte for it. */
static bool end_boots(void *context, const struct room *room) {
    const struct entry *entry = context;
    uint8_t there[AGENT_ROOM_SIZE];
    const uint64_t first = room->first;
    for (uint64_t at = first; first != 0 && at + AGENT_ROOM_SIZE <= room->end;
         at += AGENT_ROOM_STEP) {
        if (!entry_read(entry, at, there, sizeof there) || is_zero(there, sizeof there))
            break;
        if (agent_boots(entry->plan->address, there) && !entry_set_course(entry, at, AGENT_LEAVES))
            return false;
    }
    return true;
}

/* One byte: other threads see it, or they do not yet. */
enum inline_outcome entry_stop(struct entry *entry) {
    uint8_t head[AGENT_HEAD_SIZE];
    const uint8_t on = 1;
    const uint64_t page = entry->plan->address;
    const bool ended = room_each(entry->call, entry->memory, end_boots, entry);
    if (!entry_read(entry, page, head, sizeof head) || !agent_is_head(head, page))
        return ended ? INLINE_NOTHING : INLINE_NO_ACCESS;
    return entry_write(entry, agent_switch(page), &on, sizeof on) && ended ? INLINE_STOPPED
                                                                           : INLINE_NO_ACCESS;
}
