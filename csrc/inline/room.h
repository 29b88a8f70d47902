/* room.h - where the code of a stopped program lies, and what is free behind it. */
#ifndef SPOOF_ROOM_H
#define SPOOF_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "../tracee/stopped_call.h"

struct room {
    uint64_t begin, mapped_to, offset; /* the mapping of the code, and where it lies in its file */
    uint64_t behind;                   /* where the file's own code ends */
    bool is_exchanged;                 /* it is a page of ours: it has no file any more */
    bool is_code; /* of a file: private, not writable, and what its header says of that place */
    /* The first place for code behind what the file has of its own there, and the end of that page,
     * which nobody uses from there on. 0: not known. */
    uint64_t first, end;
    uint64_t absent; /* the file's header, which is not there and cannot be waited for; 0: it is */
    bool page_is_free;         /* nothing is mapped at the agent's address */
    bool page_is_ours;         /* what is mapped there is what our code asks for, and only that */
    bool has_copy, has_detour; /* ... and so are agent_copy() and agent_detour() */
};

/* Reads the program's maps, and headers of its files in `memory`, /proc/TID/mem: the code around
 * `code`, and the page at `page`. False: they cannot be read. With our own rights. */
bool room_find(const struct stopped_call *call, int memory, uint64_t code, uint64_t page,
               struct room *room);
/* Calls `visitor` for the code of each file that is mapped so, until it says false; what is said of
 * the page is not filled in. False: it did, or the maps cannot be read. */
typedef bool room_visitor(void *context, const struct room *room);
bool room_each(const struct stopped_call *call, int memory, room_visitor *visitor, void *context);

#endif
