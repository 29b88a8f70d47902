/* room.h - where the code of a stopped program lies, and what is free behind it. */
#ifndef SPOOF_ROOM_H
#define SPOOF_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracee/stopped_call.h"

struct room {
    uint64_t begin, end; /* of the code around an address, as it is mapped; 0: none */
    uint64_t offset;
    uint64_t file;     /* where the file's own begin is mapped; 0: nowhere */
    bool page_is_free; /* nothing is mapped at the agent's address */
    bool page_is_ours; /* what is mapped there is what our code asks for, and only that */
};

/* Reads the program's maps: the code of a file that is around `code`, private and not writable, and
 * the page at `page`. False: they cannot be read. With our own rights. */
bool room_find(const struct stopped_call *call, uint64_t code, uint64_t page, struct room *room);
/* Calls `visitor` for the code of each file that is mapped so, until it says false; what is said of
 * the page is not filled in. False: it did, or the maps cannot be read. */
typedef bool room_visitor(void *context, const struct room *room);
bool room_each(const struct stopped_call *call, room_visitor *visitor, void *context);
/* The first place for code behind what the file has of its own in that mapping, whose last page
 * nobody uses from there on: to room->end. 0: that is not known. `memory`: /proc/TID/mem. */
uint64_t room_first(int memory, const struct room *room);

#endif
