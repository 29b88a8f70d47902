/* build_statfs.c - lays out the statfs rules of a blob, so that the matcher finds one by its type.
 * Rule: candidates of a list stand best first, and ranks compare between lists. */
#include "builder.h"

#include <stdlib.h>
#include <string.h>

/* A candidate before its list is laid out. */
struct candidate_input {
    uint64_t type;
    bool has_type;
    uint32_t rule;
    const char *glob; /* NULL: any path */
    uint32_t literals;
    uint32_t rank;
};

/* Best first: a path beats none, a longer literal path a shorter one, a named type beats any, and
 * what was added first beats what was added later. */
static int by_rank(const void *left, const void *right) {
    const struct candidate_input *a = left, *b = right;
    if ((a->glob != NULL) != (b->glob != NULL))
        return a->glob ? -1 : 1;
    if (a->literals != b->literals)
        return a->literals > b->literals ? -1 : 1;
    if (a->has_type != b->has_type)
        return a->has_type ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* Lists of one type stand together, each best first; those without a type come last. */
static int by_list(const void *left, const void *right) {
    const struct candidate_input *a = left, *b = right;
    if (a->has_type != b->has_type)
        return a->has_type ? -1 : 1;
    if (a->has_type && a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void add_candidates(struct spoof_builder *builder, struct bytes *to,
                           const struct rule_input *rule, uint32_t number) {
    const uint64_t *types = (const uint64_t *)(const void *)rule->types.data;
    char **globs = (char **)(void *)rule->paths.data;
    size_t type_count = count_of(&rule->types, sizeof *types);
    size_t glob_count = count_of(&rule->paths, sizeof *globs);
    for (size_t t = 0; t < (type_count ? type_count : 1); t++) {
        for (size_t g = 0; g < (glob_count ? glob_count : 1); g++) {
            struct candidate_input input = {
                .type = type_count ? types[t] : 0,
                .has_type = type_count != 0,
                .rule = number,
                .glob = glob_count ? globs[g] : NULL,
                .literals = glob_count ? literal_bytes(globs[g]) : 0,
            };
            append(builder, to, &input, sizeof input);
        }
    }
}

static struct blob_rule put_rule(struct spoof_builder *builder, struct bytes *blob,
                                 const struct rule_input *input) {
    struct blob_rule rule = {.answer_mask = input->answer_mask};
    memcpy(rule.answer, input->answer, sizeof rule.answer);
    rule.except_globs = put_texts(builder, blob, &input->except_paths);
    rule.except_types = put_list(builder, blob, input->except_types.data, sizeof(uint64_t),
                                 count_of(&input->except_types, sizeof(uint64_t)));
    return rule;
}

/* Lays out candidates (sorted by list) and the table of types that points into them. */
static void put_candidates(struct spoof_builder *builder, struct bytes *blob,
                           const struct bytes *inputs, struct blob_header *header) {
    const struct candidate_input *input = (const void *)inputs->data;
    size_t count = count_of(inputs, sizeof *input), typed = 0;
    struct bytes candidates = {0}, types = {0};

    for (size_t i = 0; i < count; i++) {
        struct blob_candidate candidate = {.rule = input[i].rule, .rank = input[i].rank};
        if (input[i].glob)
            candidate.glob = put_text(builder, blob, input[i].glob);
        append(builder, &candidates, &candidate, sizeof candidate);
        typed += input[i].has_type;
    }
    header->candidates = put_list(builder, blob, candidates.data, sizeof(struct blob_candidate),
                                  count_of(&candidates, sizeof(struct blob_candidate)));
    const uint32_t size = sizeof(struct blob_candidate);
    for (size_t i = 0; i < typed;) {
        size_t first = i;
        while (i < typed && input[i].type == input[first].type)
            i++;
        struct blob_type type = {
            .type = input[first].type,
            .candidates = {header->candidates.offset + (uint32_t)first * size,
                           (uint32_t)(i - first)},
        };
        append(builder, &types, &type, sizeof type);
    }
    header->types = put_list(builder, blob, types.data, sizeof(struct blob_type),
                             count_of(&types, sizeof(struct blob_type)));
    header->any_type = (struct blob_list){header->candidates.offset + (uint32_t)typed * size,
                                          (uint32_t)(count - typed)};
    free(candidates.data);
    free(types.data);
}

static void rank_candidates(struct bytes *inputs) {
    struct candidate_input *input = (void *)inputs->data;
    size_t count = count_of(inputs, sizeof *input);
    if (count == 0)
        return;
    qsort(input, count, sizeof *input, by_rank);
    for (size_t i = 0; i < count; i++)
        input[i].rank = (uint32_t)i;
    qsort(input, count, sizeof *input, by_list);
}

void build_statfs(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header) {
    struct bytes inputs = {0}, rules = {0};
    uint32_t count;
    const struct rule_input *input = rules_of_kind(builder, RULE_STATFS, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_rule rule = put_rule(builder, blob, &input[i]);
        append(builder, &rules, &rule, sizeof rule);
        add_candidates(builder, &inputs, &input[i], i);
        header->calls |= BLOB_CALLS_STATFS;
    }
    if (!builder->failed) {
        rank_candidates(&inputs);
        header->rules = put_list(builder, blob, rules.data, sizeof(struct blob_rule), count);
        put_candidates(builder, blob, &inputs, header);
    }
    free(inputs.data);
    free(rules.data);
}
