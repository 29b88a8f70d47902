/* layout_statfs.c - lays out the statfs rules of a blob, so that the matcher finds one by its type.
 * Rule: candidates borrow the globs of their rules. */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "rules.h"

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

/* Lays out candidates (ranked) and the table of types that leads to them. */
static void put_types(struct spoof_builder *builder, struct bytes *blob, const struct bytes *inputs,
                      struct blob_header *header) {
    const struct candidate_input *input = (const void *)inputs->data;
    size_t count = count_of(inputs, sizeof *input), i = 0;
    struct bytes types = {0};
    while (i < count && input[i].has_type) {
        size_t first = i;
        while (i < count && input[i].has_type && input[i].type == input[first].type)
            i++;
        struct blob_type type = {.type = input[first].type};
        type.starts = put_candidates(builder, blob, input + first, i - first);
        append(builder, &types, &type, sizeof type);
    }
    header->any_type = put_candidates(builder, blob, input + i, count - i);
    header->types = put_gathered(builder, blob, &types, sizeof(struct blob_type));
}

void lay_out_statfs(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header) {
    struct bytes inputs = {0}, rules = {0};
    uint32_t count;
    const struct rule_input *input = rules_of_kind(builder, RULE_STATFS, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_rule rule = put_rule(builder, blob, &input[i]);
        append(builder, &rules, &rule, sizeof rule);
        add_candidates(builder, &inputs, &input[i], i);
        header->calls |= SPOOF_CALLS_STATFS;
    }
    header->rules = put_gathered(builder, blob, &rules, sizeof(struct blob_rule));
    if (!builder->failed) {
        rank_candidates(&inputs);
        put_types(builder, blob, &inputs, header);
    }
    free(inputs.data);
}
