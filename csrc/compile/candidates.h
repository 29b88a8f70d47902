/* candidates.h - what a blob's lists of candidates are made of. */
#ifndef SPOOF_COMPILE_CANDIDATES_H
#define SPOOF_COMPILE_CANDIDATES_H

#include "blob_parts.h"

/* One way to match, before its list is laid out: a rule with at most one of its types and globs. */
struct candidate_input {
    bool has_type; /* statfs, mounts */
    uint64_t type;
    uint32_t type_literals; /* mounts: how specific its type is */
    char *tail;             /* files: last part of the path as plain text; NULL: it is none */
    char *glob;             /* NULL: any path */
    uint32_t rule;
    bool parent;
    uint32_t literals, start, rank; /* rank_candidates() sets these */
};

/* For qsort(3), best first: a path beats none, a longer literal path a shorter one, a named type
 * beats any, a longer literal type a shorter one, and what was added first beats what was added
 * later. */
int by_rank(const void *left, const void *right);
/* Ranks candidates of statfs or files rules, and sorts them so that those of one list stand
 * together: those with a type or tail first, in the order of it. */
void rank_candidates(struct bytes *inputs);
/* The candidates of one list: what is laid out is a list of struct blob_start. */
struct blob_list put_candidates(struct spoof_builder *builder, struct bytes *blob,
                                const struct candidate_input *input, size_t count);

#endif
