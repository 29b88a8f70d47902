/* names.h - the last names of paths that a rule may be about, as a set of bits in the agent's page.
 * Rule: whatever match_open() takes for a candidate is in it; what is there by chance only costs a
 * stopped call. */
#ifndef SPOOF_NAMES_H
#define SPOOF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define NAMES_SIZE 512U /* bytes of the set */
/* A path is known by so many bytes at its end: shorter names with the slash before them; patterns
 * by what they end with. */
#define NAMES_TAIL 4U
/* The bit of a name: its last bytes, as a little endian number, times the factor, shifted. Who
 * fills the set and the code that looks into it compute the same. */
#define NAMES_FACTOR 0x9e3779b1U /* spreads bits: 2^32 by the golden ratio */
#define NAMES_SHIFT 20           /* to the number of a bit */
#define NAMES_LEAST 3U           /* bytes that have to be known */
#define NAMES_MASK_OF_LEAST 0xffffff00U

/* Why no such set can be made under a policy (a checked blob), or NULL. */
const char *names_refusal(const uint8_t *policy);
void names_fill(const uint8_t *policy, uint8_t set[NAMES_SIZE]);
/* What the set has by its last bytes alone, more exactly: the last NAMES_LONGEST_END bytes of each
 * name, if so many are known of it (its slash counts), as little endian numbers; behind a 0 those
 * of which one byte less is known, and so on to NAMES_LEAST; then NAMES_END_OF_ENDS. False: that
 * does not fit into `most` numbers. */
#define NAMES_LONGEST_END 8U
#define NAMES_END_OF_ENDS UINT64_MAX
bool names_list_ends(const uint8_t *policy, uint64_t *ends, uint32_t most);
/* How many bytes, at least, are known of what a rule may be about: its slash counts. At most one
 * more than NAMES_TAIL. */
uint32_t names_shortest(const uint8_t *policy);

struct names_place {
    uint64_t set;  /* its address; 0: no rule names a path */
    uint64_t look; /* of code that looks at the ends; 0: there is none */
    uint64_t ends; /* of what names_list_ends() has made, for that code */
    uint32_t shortest;
};

#endif
