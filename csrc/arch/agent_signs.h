/* agent_signs.h - by what the filter knows calls that the agent inside a program (csrc/inline)
 * makes: what both agree on. Rule: a sign proves nothing about who made it, so nothing may depend
 * on it but what a program could find out anyhow. */
#ifndef SPOOF_AGENT_SIGNS_H
#define SPOOF_AGENT_SIGNS_H

/* The agent is so long, and aligned: a call of its that is made from there runs. */
#define AGENT_SIZE 8192U
#define AGENT_PAGE 4096U /* of code, on each machine that has it */
/* Behind it, by notify: a page of the program's code that is changed, and one for detours. */
#define AGENT_REGION (AGENT_SIZE + 2 * AGENT_PAGE)

#endif
