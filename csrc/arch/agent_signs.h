/* agent_signs.h - by what the filter knows calls that the agent inside a program (csrc/inline)
 * makes: what both agree on. Rule: a sign proves nothing about who made it, so nothing may depend
 * on it but what a program could find out anyhow. */
#ifndef SPOOF_AGENT_SIGNS_H
#define SPOOF_AGENT_SIGNS_H

/* The agent's page is so long, and aligned: a call of the agent's that is made from it runs. */
#define AGENT_PAGE 4096U

#endif
