/* match.c - which rule answers a call.
 * Rule: freestanding (no libc, no state, bounded time); trusts the blob because blob_check() read
 * every offset in it before. */
#include "match.h"

#include "candidates.h"
#include "glob.h"

struct statfs_question {
    struct question question;
    uint64_t type;
    bool path_known;
    bool *needs_path;
};

/* Is there no exception for it? */
static bool rule_holds(const struct question *question, const struct blob_candidate *candidate) {
    const struct statfs_question *asked = (const void *)question;
    const uint8_t *blob = question->blob;
    const struct blob_rule *rules = blob_at(blob, blob_header(blob)->rules.offset);
    const struct blob_rule *rule = &rules[candidate->rule];
    const uint64_t *types = blob_at(blob, rule->except_types.offset);
    for (uint32_t i = 0; i < rule->except_types.count; i++)
        if (types[i] == asked->type)
            return false;
    if (rule->except_globs.count == 0)
        return true;
    if (asked->path_known)
        return !match_path_list(blob, rule->except_globs, question->path);
    *asked->needs_path = true;
    return false;
}

static const struct blob_type *find_type(const uint8_t *blob, uint64_t type) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_type *types = blob_at(blob, header->types.offset);
    uint32_t low = 0, high = header->types.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (types[middle].type == type)
            return &types[middle];
        if (types[middle].type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

enum match_result match_statfs(const uint8_t *blob, uint64_t type, const char *path,
                               uint32_t *rule) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_type *entry = find_type(blob, type);
    const struct blob_list typed = entry ? entry->starts : (struct blob_list){0, 0};
    bool needs_path = false;
    const struct statfs_question asked = {
        .question = {.blob = blob, .path = path ? path : "", .holds = rule_holds},
        .type = type,
        .path_known = path != 0,
        .needs_path = &needs_path,
    };

    if (!path && (names_paths(blob, typed) || names_paths(blob, header->any_type)))
        return MATCH_NEEDS_PATH;
    const struct blob_candidate *best = better_candidate(&asked.question, typed, 0);
    best = better_candidate(&asked.question, header->any_type, best);
    if (needs_path)
        return MATCH_NEEDS_PATH;
    if (!best)
        return MATCH_NONE;
    *rule = best->rule;
    return MATCH_FOUND;
}

bool match_statfs_names_paths(const uint8_t *blob) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_type *types = blob_at(blob, header->types.offset);
    const struct blob_rule *rules = blob_at(blob, header->rules.offset);
    for (uint32_t i = 0; i < header->types.count; i++)
        if (names_paths(blob, types[i].starts))
            return true;
    for (uint32_t i = 0; i < header->rules.count; i++)
        if (rules[i].except_globs.count != 0)
            return true;
    return names_paths(blob, header->any_type);
}

bool match_mounts_excepts_programs(const uint8_t *blob) {
    const struct blob_mounts_rule *rules = blob_at(blob, blob_header(blob)->mounts.offset);
    for (uint32_t i = 0; i < blob_header(blob)->mounts.count; i++)
        if (rules[i].except_programs.count > 0)
            return true;
    return false;
}

bool match_mounts(const uint8_t *blob, const char *fstype, const char *point, const char *program,
                  uint32_t *rule) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_mounts_candidate *candidates =
        blob_at(blob, header->mounts_candidates.offset);
    const struct blob_mounts_rule *rules = blob_at(blob, header->mounts.offset);
    for (uint32_t i = 0; i < header->mounts_candidates.count; i++) {
        const struct blob_mounts_candidate *candidate = &candidates[i];
        const struct blob_mounts_rule *held = &rules[candidate->rule];
        if (candidate->fstype && (!fstype || !word_match(blob_at(blob, candidate->fstype), fstype)))
            continue;
        if (candidate->point && (!point || !glob_match(blob_at(blob, candidate->point), point)))
            continue;
        if (match_word_list(blob, held->except_fstypes, fstype) ||
            match_path_list(blob, held->except_points, point) ||
            match_word_list(blob, held->except_programs, program))
            continue;
        *rule = blob_first_mounts(blob) + candidate->rule;
        return true;
    }
    return false;
}
