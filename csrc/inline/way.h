/* way.h - what stands behind the code of a file and leads from its places to the page: rooms.
 * Rule: where a room leads is changed by one write that is whole for who runs it. */
#ifndef SPOOF_WAY_H
#define SPOOF_WAY_H

#include "call_place.h"

#define AGENT_ROOM_STEP 16U /* from one room to where the next one may begin */

/* Where a room leads: to the code that maps the page and then makes the call as before, to a stub,
 * or only to the call. One write says it, so it can change beside whoever runs the code. */
enum agent_course { AGENT_BOOTS, AGENT_ANSWERS, AGENT_LEAVES };

/* For AGENT_COURSE_AT. */
void agent_make_course(enum agent_course course, uint8_t bytes[AGENT_COURSE_SIZE]);
/* The way to a stub, for AGENT_WAY_AT. */
void agent_make_way(uint64_t stub, uint8_t bytes[AGENT_WAY_SIZE]);
/* The room at `room` that is only a way from this place to a stub. False: too far. */
bool agent_make_way_room(uint64_t stub, uint64_t room, const struct agent_place *place,
                         uint8_t bytes[AGENT_WAY_ROOM_SIZE]);
/* The room at `room` for this place, which boots, without a way. False: too far. */
bool agent_make_room(uint64_t address, uint64_t room, const struct agent_place *place,
                     uint8_t bytes[AGENT_ROOM_SIZE]);
/* Is this such a room, of the agent at `address`, and does it boot? */
bool agent_boots(uint64_t address, const uint8_t bytes[AGENT_ROOM_SIZE]);
/* ... for this very place, with or without the way? */
bool agent_is_room(uint64_t address, uint64_t room, const struct agent_place *place,
                   const uint8_t bytes[AGENT_ROOM_SIZE]);

#endif
