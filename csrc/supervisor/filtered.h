/* filtered.h - processes with filters of their own that may share their memory with others: whoever
 * does gets no agent, about whose calls these filters would be asked.
 * Rule: only the tracer asks. Who has one is listed: at the call that installs it, which may fail,
 * and when somebody is made by one who has it, who may be gone soon. */
#ifndef SPOOF_FILTERED_H
#define SPOOF_FILTERED_H

#include <stdbool.h>
#include <sys/types.h>

void filtered_note(pid_t tid);
/* At the event of the maker, before it goes on. */
void filtered_note_child(pid_t maker, pid_t child);
/* It is gone, or has executed another program, whose memory is its own. */
void filtered_forget(pid_t tid);
bool filtered_is_beside(pid_t tid);

#endif
