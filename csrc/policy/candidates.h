/* candidates.h - the best of many candidates, in a time that does not grow with those whose globs
 * begin otherwise than the path. Rule: freestanding, as match.h; for match*.c only. */
#ifndef SPOOF_CANDIDATES_H
#define SPOOF_CANDIDATES_H

#include "blob.h"

/* The first member of what a caller asks. */
struct question {
    const uint8_t *blob;
    const char *path;
    bool parent; /* candidates that are so, or those that are not */
    /* Of a candidate whose glob matches: does its rule hold? */
    bool (*holds)(const struct question *question, const struct blob_candidate *candidate);
};

/* The best candidate of a list of struct blob_start if it is better than `best` (NULL: none yet),
 * else `best`. */
const struct blob_candidate *better_candidate(const struct question *question,
                                              struct blob_list starts,
                                              const struct blob_candidate *best);

/* Are there candidates with a glob in a list of struct blob_start? */
bool names_paths(const uint8_t *blob, struct blob_list starts);

#endif
