/* candidates.c - ranks the candidates of statfs and files rules, and lays them out by how
 * their globs begin, so that the matcher tries only those that begin as a path does.
 * Rule: candidates of a start stand best first, and ranks compare between starts and lists. */
#include "candidates.h"

#include <stdlib.h>
#include <string.h>

static int order_of(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

int by_rank(const void *left, const void *right) {
    const struct candidate_input *a = left, *b = right;
    if ((a->glob != NULL) != (b->glob != NULL))
        return a->glob ? -1 : 1;
    if (a->literals != b->literals)
        return order_of(b->literals, a->literals);
    if (a->has_type != b->has_type)
        return a->has_type ? -1 : 1;
    if (a->type_literals != b->type_literals)
        return order_of(b->type_literals, a->type_literals);
    return order_of(a->rule, b->rule);
}

static const char *glob_of(const struct candidate_input *input) {
    return input->glob ? input->glob : "";
}

static int by_start(const struct candidate_input *a, const struct candidate_input *b) {
    int order = strncmp(glob_of(a), glob_of(b), a->start < b->start ? a->start : b->start);
    return order ? order : order_of(a->start, b->start);
}

/* Lists of one type or tail stand together, those without come last; in them those of one start. */
static int by_list(const void *left, const void *right) {
    const struct candidate_input *a = left, *b = right;
    if (a->has_type != b->has_type)
        return a->has_type ? -1 : 1;
    if (a->type != b->type)
        return order_of(a->type, b->type);
    if ((a->tail != NULL) != (b->tail != NULL))
        return a->tail ? -1 : 1;
    int order = a->tail ? strcmp(a->tail, b->tail) : 0;
    order = order ? order : by_start(a, b);
    if (order)
        return order;
    return a->parent != b->parent ? order_of(a->parent, b->parent) : order_of(a->rank, b->rank);
}

void rank_candidates(struct bytes *inputs) {
    struct candidate_input *input = (void *)inputs->data;
    size_t count = count_of(inputs, sizeof *input);
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        input[i].literals = literal_bytes(glob_of(&input[i]));
        /* An escape ends it, too: so it is a part of the glob as that is written. */
        input[i].start = (uint32_t)strcspn(glob_of(&input[i]), "*?\\");
    }
    qsort(input, count, sizeof *input, by_rank);
    for (size_t i = 0; i < count; i++)
        input[i].rank = (uint32_t)i;
    qsort(input, count, sizeof *input, by_list);
}

/* What blob_start.shorter is for this one, behind `count` starts. */
static uint32_t shorter_start(const struct bytes *blob, const struct blob_start *starts,
                              uint32_t count, const struct candidate_input *input) {
    while (count != 0) {
        const struct blob_start *start = &starts[count - 1];
        if (start->length <= input->start &&
            memcmp(blob->data + start->text, glob_of(input), start->length) == 0)
            break;
        count = start->shorter;
    }
    return count;
}

static struct blob_list put_starts(struct spoof_builder *builder, struct bytes *blob,
                                   const struct candidate_input *input, size_t count,
                                   struct blob_list candidates) {
    struct bytes starts = {0};
    const struct blob_candidate *candidate = (const void *)(blob->data + candidates.offset);
    for (size_t i = 0; i < count && !builder->failed;) {
        size_t first = i++;
        while (i < count && by_start(&input[first], &input[i]) == 0)
            i++;
        const uint32_t offset = (uint32_t)(first * sizeof *candidate);
        struct blob_start start = {
            .text = candidate[first].glob,
            .length = input[first].start,
            .candidates = {candidates.offset + offset, (uint32_t)(i - first)},
        };
        start.shorter = shorter_start(blob, (const void *)starts.data,
                                      (uint32_t)count_of(&starts, sizeof start), &input[first]);
        append(builder, &starts, &start, sizeof start);
    }
    return put_gathered(builder, blob, &starts, sizeof(struct blob_start));
}

struct blob_list put_candidates(struct spoof_builder *builder, struct bytes *blob,
                                const struct candidate_input *input, size_t count) {
    struct bytes candidates = {0};
    for (size_t i = 0; i < count; i++) {
        struct blob_candidate candidate = {
            .rule = input[i].rule, .rank = input[i].rank, .parent = input[i].parent};
        if (input[i].glob)
            candidate.glob = put_text(builder, blob, input[i].glob);
        append(builder, &candidates, &candidate, sizeof candidate);
    }
    struct blob_list list = put_gathered(builder, blob, &candidates, sizeof(struct blob_candidate));
    return put_starts(builder, blob, input, count, list);
}
