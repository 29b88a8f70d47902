/* layout_mounts.c - lays out the mounts, uname and sysinfo rules of a blob.
 * Rule: the candidates of mounts rules are one list, best first: the first that holds wins. */
#include "layout.h"

#include <stdlib.h>

#include "candidates.h"
#include "rules.h"

/* A candidate before it is laid out. */
struct mounts_candidate_input {
    struct candidate_input rank; /* first, for by_rank(); only what that reads is set */
    struct blob_mounts_candidate candidate;
};

/* Each type of the rule with each of its mount points. */
static void add_candidates(struct spoof_builder *builder, struct bytes *blob, struct bytes *to,
                           const struct rule_input *rule, uint32_t number) {
    char **fstypes = (char **)(void *)rule->fstypes.data;
    char **points = (char **)(void *)rule->paths.data;
    size_t fstype_count = count_of(&rule->fstypes, sizeof *fstypes);
    size_t point_count = count_of(&rule->paths, sizeof *points);
    for (size_t p = 0; p < (point_count ? point_count : 1); p++) {
        struct mounts_candidate_input input = {.rank.rule = number, .candidate.rule = number};
        if (point_count) {
            input.candidate.point = put_text(builder, blob, points[p]);
            input.rank.glob = points[p];
            input.rank.literals = literal_bytes(points[p]);
        }
        for (size_t t = 0; t < (fstype_count ? fstype_count : 1); t++) {
            if (fstype_count) {
                input.candidate.fstype = put_text(builder, blob, fstypes[t]);
                input.rank.has_type = true;
                input.rank.type_literals = literal_bytes(fstypes[t]);
            }
            append(builder, to, &input, sizeof input);
        }
    }
}

static struct blob_mounts_rule put_rule(struct spoof_builder *builder, struct bytes *blob,
                                        const struct rule_input *input) {
    struct blob_mounts_rule rule = {
        .magic = input->magic,
        .nodev = input->nodev,
        .group = input->group,
    };
    rule.except_fstypes = put_texts(builder, blob, &input->except_fstypes);
    rule.except_points = put_texts(builder, blob, &input->except_paths);
    rule.except_programs = put_texts(builder, blob, &input->except_programs);
    if (input->fstype)
        rule.fstype = put_text(builder, blob, input->fstype);
    if (input->source)
        rule.source = put_text(builder, blob, input->source);
    return rule;
}

static struct blob_list put_mounts_candidates(struct spoof_builder *builder, struct bytes *blob,
                                              struct bytes *inputs) {
    struct mounts_candidate_input *input = (void *)inputs->data;
    size_t count = count_of(inputs, sizeof *input);
    struct bytes candidates = {0};
    if (count)
        qsort(input, count, sizeof *input, by_rank);
    for (size_t i = 0; i < count; i++)
        append(builder, &candidates, &input[i].candidate, sizeof input[i].candidate);
    return put_gathered(builder, blob, &candidates, sizeof(struct blob_mounts_candidate));
}

void lay_out_mounts(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header) {
    struct bytes inputs = {0}, rules = {0};
    uint32_t count;
    const struct rule_input *input = rules_of_kind(builder, RULE_MOUNTS, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_mounts_rule rule = put_rule(builder, blob, &input[i]);
        append(builder, &rules, &rule, sizeof rule);
        add_candidates(builder, blob, &inputs, &input[i], i);
        header->calls |= SPOOF_CALLS_FSTATFS | SPOOF_CALLS_OPEN;
        if (rule.fstype || rule.source)
            header->calls |= SPOOF_CALLS_STATMOUNT;
    }
    header->mounts = put_gathered(builder, blob, &rules, sizeof(struct blob_mounts_rule));
    header->mounts_candidates = put_mounts_candidates(builder, blob, &inputs);
    free(inputs.data);
}

void lay_out_uname(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header) {
    struct bytes rules = {0};
    uint32_t count;
    const struct rule_input *input = rules_of_kind(builder, RULE_UNAME, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_uname_rule rule = {0};
        for (size_t field = 0; field < SPOOF_UNAME_COUNT; field++)
            if (input[i].uname[field])
                rule.text[field] = put_text(builder, blob, input[i].uname[field]);
        append(builder, &rules, &rule, sizeof rule);
        header->calls |= SPOOF_CALLS_UNAME;
    }
    header->unames = put_gathered(builder, blob, &rules, sizeof(struct blob_uname_rule));
}

void lay_out_sysinfo(struct spoof_builder *builder, struct bytes *blob,
                     struct blob_header *header) {
    struct bytes rules = {0};
    uint32_t count;
    const struct rule_input *input = rules_of_kind(builder, RULE_SYSINFO, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_sysinfo_rule rule = {.answer_mask = input[i].sysinfo_mask};
        for (size_t field = 0; field < SPOOF_SYSINFO_COUNT; field++)
            rule.answer[field] = input[i].sysinfo[field];
        append(builder, &rules, &rule, sizeof rule);
        header->calls |= SPOOF_CALLS_SYSINFO;
    }
    header->sysinfos = put_gathered(builder, blob, &rules, sizeof(struct blob_sysinfo_rule));
}
