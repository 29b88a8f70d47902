/* agent_signs.h - by what the filter knows calls that the agent inside a program (csrc/inline) has
 * attended to: what both agree on. Rule: a sign proves nothing about who made it, so nothing may
 * depend on it but what a program could find out anyhow. */
#ifndef SPOOF_AGENT_SIGNS_H
#define SPOOF_AGENT_SIGNS_H

#include <stdint.h>

/* The agent's page is so long, and aligned: a statfs(2) or fstatfs(2) that is made from it runs. */
#define AGENT_PAGE 4096U

/* An openat(2) runs if the upper half of its fourth argument, a mode of 32 bits, is
 * path ^ path >> 32 ^ address behind the call ^ this (all of 32 bits): that is right for one path
 * and one place alone, and what another call has left there is right for none. `agent`: the address
 * of the page. */
static inline uint32_t agent_open_key(uint64_t agent) {
    return (uint32_t)(agent >> 12) ^ 0x9e3779b9U;
}

#endif
