/* names.h - the last names of paths that a rule may be about, as a set of bits in the agent's page.
 * Rule: whatever match_open() takes for a candidate is in it; what is there by chance only costs a
 * stopped call. */
#ifndef SPOOF_NAMES_H
#define SPOOF_NAMES_H

#include "code.h"

#define NAMES_SIZE 512U /* bytes of the set */
/* A path is known by so many bytes at its end: shorter names with the slash before them. */
#define NAMES_TAIL 4U

/* Why no such set can be made under a policy (a checked blob), or NULL. */
const char *names_refusal(const uint8_t *policy);
void names_fill(const uint8_t *policy, uint8_t set[NAMES_SIZE]);
/* The length of its shortest name. */
uint32_t names_shortest(const uint8_t *policy);

struct names_place {
    uint64_t set; /* its address; 0: no rule names a path */
    uint32_t shortest;
};

/* Writes code that finds out whether a path may be one of these, with its end (the 0) in %r11 and
 * its begin in %rdi or %rsi; changes %rcx. If so it goes to `candidate`, which lies before it; else
 * on, behind it. */
enum names_register { NAMES_NOWHERE, NAMES_RDI, NAMES_RSI };
void names_put_test(struct code *code, enum names_register path, const struct names_place *names,
                    uint32_t candidate);

#endif
