/* enter.h - puts the agent into a program whose call is stopped, step by step.
 * Rule: the memory of a program is changed only while it is proved that nobody runs it, and only
 * where it could do so itself. What is seen there says what the next step is, so that nothing has
 * to be remembered: a fork inherits its state, and a worker may die between any two. */
#ifndef SPOOF_ENTER_H
#define SPOOF_ENTER_H

#include <stdbool.h>
#include <stdint.h>

#include "../arch/call_table.h"
#include "../tracee/stopped_call.h"
#include "agent.h"
#include "outcome.h"

/* The next step. May wait for a filesystem: not for who receives. `away`: the call is made again,
 * and nothing is owed for it. */
enum inline_outcome inline_enter(struct stopped_call *call, const uint8_t *policy,
                                 const struct inline_plan *plan, uint64_t back, bool *away);

/* Does this rt_sigaction(2) set a handler? */
bool inline_sets_handler(struct stopped_call *call);
/* Does the call make it necessary that a program stops answering by itself? `adds_filter`: it
 * installs one. */
bool inline_must_stop(struct stopped_call *call, const struct inline_plan *plan, bool adds_filter);
/* It leaves all its calls to be stopped from now on, until it executes another program. May wait.
 */
enum inline_outcome inline_stop(struct stopped_call *call, const struct inline_plan *plan,
                                code_writer *poke);

#endif
