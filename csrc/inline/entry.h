/* entry.h - a program that is to answer calls by itself: what is seen there, and what is written.
 * Rule: each write is preceded by proof that its bytes are what they are taken for, and that the
 * call is still stopped; each lies within a page, so it is done or it is not. */
#ifndef SPOOF_ENTRY_H
#define SPOOF_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracee/stopped_call.h"
#include "agent.h"
#include "outcome.h"
#include "call_place.h"
#include "room.h"
#include "way.h"

struct entry {
    struct stopped_call *call;
    const uint8_t *policy;
    const struct inline_plan *plan;
    int memory;        /* /proc/TID/mem */
    code_writer *poke; /* where that cannot be written: gVisor's of 2022. NULL: it can */
    struct agent_place place;
    uint64_t at; /* where that begins */
    struct room room;
    bool away; /* the call is made again: nothing is owed for it */
};

/* Runs this with the program's memory open. `closed`: what becomes of it where that cannot be. */
enum inline_outcome entry_in_memory(struct entry *entry, enum inline_outcome closed,
                                    enum inline_outcome (*run)(struct entry *));
bool entry_read(const struct entry *entry, uint64_t address, void *bytes, size_t length);
bool entry_write(const struct entry *entry, uint64_t address, const void *bytes, size_t length);
/* Also when the call is over: what nobody else uses. */
bool entry_write_anyway(const struct entry *entry, uint64_t address, const void *bytes,
                        size_t length);

/* Fills in `room`: INLINE_NOTHING: there is code of a file around the place, and the call is still
 * stopped; else why not. */
enum inline_outcome entry_look_around(struct entry *entry);

/* What the page is: unmapped, empty, the agent's, or somebody else's. */
enum page_state { PAGE_MISSING, PAGE_EMPTY, PAGE_AGENT, PAGE_OTHER };
enum page_state entry_page_state(const struct entry *entry);
bool entry_fill_page(const struct entry *entry);

/* What stands at the place that returns to place.back: as it was compiled (the form is found out),
 * a jump to `room`, or neither. */
enum place_state { PLACE_COMPILED, PLACE_LEADS, PLACE_OTHER };
enum place_state entry_place_state(struct entry *entry, uint64_t *room);

/* Has the page no stub yet? */
bool entry_is_first(const struct entry *entry);
/* A stub for this place: the one that it has, or a new one. 0: there is no room, or it cannot be
 * written. */
uint64_t entry_make_stub(const struct entry *entry);
/* Is the page of code with the place as its file has it, or one that we have put there? What others
 * have written into it (a probe of the kernel's, a debugger's breakpoint) may be theirs alone. */
bool entry_may_copy(const struct entry *entry);
/* Writes the page of code with the place to `copy`, where the place leads to `room`. */
bool entry_make_copy(const struct entry *entry, uint64_t copy, uint64_t room);
/* Room behind the code, which answers by `stub`, or boots if that is 0. 0: none. */
uint64_t entry_make_room(const struct entry *entry, uint64_t stub);
/* Where nothing is there, of this length; 0: nowhere. */
uint64_t entry_find_room(const struct entry *entry, size_t length);
/* Is this room what one of this agent's was made to be, for a place of some form, and does it boot?
 */
bool entry_find_form_of_room(struct entry *entry, uint64_t room,
                             const uint8_t there[AGENT_ROOM_SIZE]);
bool entry_set_course(const struct entry *entry, uint64_t room, enum agent_course course);

/* It leaves all its calls to be stopped from now on. */
enum inline_outcome entry_stop(struct entry *entry);

#endif
