/* calls.h - from a stopped call to its verdict, the same for every mechanism. */
#ifndef SPOOF_CALLS_H
#define SPOOF_CALLS_H

#include "verdict.h"

/* Serves a call; `policy` is a checked blob. What it writes to the tracee is written when it
 * returns; ending the stop is the caller's. */
struct verdict serve_call(struct stopped_call *call, const uint8_t *policy);

/* May calls under this policy be let run and looked at when they have ended?
 * Not where a rule names paths: the end of a call does not tell which file it was about. */
bool calls_can_look_after(const uint8_t *policy);
/* ... not this one: it is, or may be, about a file of ours, of which the kernel knows too little.
 */
bool calls_must_answer(struct stopped_call *call, const uint8_t *policy);
/* Does serving this call begin with a look at a file, whatever its arguments are? */
bool calls_always_look(const struct stopped_call *call);
/* At the end of a call that has returned `result`: changes what it told its caller, if a rule says
 * so. What it writes is written when it returns, or at the mechanism's flush. */
struct verdict serve_end(struct stopped_call *call, int64_t result, const uint8_t *policy);

/* Could the call write to a file that a rule names, as far as its registers tell? */
bool call_may_write(const struct stopped_call *call, const uint8_t *policy);
/* Has the call ended with EOVERFLOW because its structure is too small for the truth? Nothing was
 * written then, and the rule's answer may well fit: only looking tells. */
bool call_overflowed(const struct stopped_call *call, int64_t result);

#endif
