/* match.c - which rule answers a call.
 * Rule: freestanding (no libc, no state, bounded time); trusts the blob because blob_check() read
 * every offset in it before. */
#include "match.h"

static const char *skip_stars(const char *glob) {
    while (*glob == '*')
        glob++;
    return glob;
}

static bool ends_in_double_star(const char *glob) {
    return glob[0] == '*' && glob[1] == '*' && *skip_stars(glob) == '\0';
}

bool glob_match(const char *glob, const char *path) {
    const char *const start = glob;
    /* The last star of each kind seen, to come back to with one more byte taken. A later star
     * makes an earlier one of the same reach irrelevant, so one place for each is enough. */
    const char *star_glob = 0, *star_path = 0;
    const char *deep_glob = 0, *deep_path = 0;

    for (;;) {
        if (glob[0] == '*' && glob[1] == '*') {
            const char *stars = glob;
            glob = skip_stars(glob);
            if (*glob == '\0')
                return true;
            /* slash-stars-slash also stands for a single slash: go back to the one just matched */
            if (*glob == '/' && stars != start && stars[-1] == '/')
                path--;
            deep_glob = glob;
            deep_path = path;
            star_glob = 0;
            continue;
        }
        if (*glob == '*') {
            glob++;
            star_glob = glob;
            star_path = path;
            continue;
        }
        if (*path == '\0' && (*glob == '\0' || (*glob == '/' && ends_in_double_star(glob + 1))))
            return true;
        if (*path != '\0' && *glob == '?' && *path != '/') {
            glob++;
            path++;
            continue;
        }
        if (*path != '\0' && *glob != '\0' && *glob != '?') {
            const char *literal = (*glob == '\\' && glob[1] != '\0') ? glob + 1 : glob;
            if (*literal == *path) {
                glob = literal + 1;
                path++;
                continue;
            }
        }
        if (star_glob && *star_path != '\0' && *star_path != '/') {
            glob = star_glob;
            path = ++star_path;
            continue;
        }
        if (deep_glob && *deep_path != '\0') {
            star_glob = 0;
            glob = deep_glob;
            path = ++deep_path;
            continue;
        }
        return false;
    }
}

static bool excepted(const uint8_t *blob, const struct blob_rule *rule, uint64_t type,
                     const char *path, bool *needs_path) {
    const uint64_t *types = blob_at(blob, rule->except_types.offset);
    for (uint32_t i = 0; i < rule->except_types.count; i++)
        if (types[i] == type)
            return true;
    if (rule->except_globs.count == 0)
        return false;
    if (!path) {
        *needs_path = true;
        return false;
    }
    const uint32_t *globs = blob_at(blob, rule->except_globs.offset);
    for (uint32_t i = 0; i < rule->except_globs.count; i++)
        if (glob_match(blob_at(blob, globs[i]), path))
            return true;
    return false;
}

/* The best candidate of a list, best first; NULL if none. */
static const struct blob_candidate *best_of(const uint8_t *blob, struct blob_list list,
                                            uint64_t type, const char *path, bool *needs_path) {
    const struct blob_candidate *candidates = blob_at(blob, list.offset);
    const struct blob_rule *rules = blob_at(blob, blob_header(blob)->rules.offset);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct blob_candidate *candidate = &candidates[i];
        if (candidate->glob != 0) {
            if (!path) {
                *needs_path = true;
                return 0;
            }
            if (!glob_match(blob_at(blob, candidate->glob), path))
                continue;
        }
        bool excluded = excepted(blob, &rules[candidate->rule], type, path, needs_path);
        if (*needs_path)
            return 0;
        if (!excluded)
            return candidate;
    }
    return 0;
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
    const struct blob_candidate *typed = 0, *untyped = 0;
    bool needs_path = false;

    if (entry)
        typed = best_of(blob, entry->candidates, type, path, &needs_path);
    if (!needs_path)
        untyped = best_of(blob, header->any_type, type, path, &needs_path);
    if (needs_path)
        return MATCH_NEEDS_PATH;
    if (!typed && !untyped)
        return MATCH_NONE;
    const struct blob_candidate *best =
        !untyped || (typed && typed->rank < untyped->rank) ? typed : untyped;
    *rule = best->rule;
    return MATCH_FOUND;
}

bool word_match(const char *glob, const char *text) {
    const char *star_glob = 0, *star_text = 0;
    for (;;) {
        if (*glob == '*') {
            star_glob = ++glob;
            star_text = text;
            continue;
        }
        const char *literal = (*glob == '\\' && glob[1] != '\0') ? glob + 1 : glob;
        if (*text == '\0' && *glob == '\0')
            return true;
        if (*text != '\0' && *glob != '\0' && (*glob == '?' || *literal == *text)) {
            glob = literal + 1;
            text++;
            continue;
        }
        if (!star_glob || *star_text == '\0')
            return false;
        glob = star_glob;
        text = ++star_text;
    }
}

bool match_word_list(const uint8_t *blob, struct blob_list globs, const char *word) {
    const uint32_t *offsets = blob_at(blob, globs.offset);
    for (uint32_t i = 0; word && i < globs.count; i++)
        if (word_match(blob_at(blob, offsets[i]), word))
            return true;
    return false;
}

bool match_path_list(const uint8_t *blob, struct blob_list globs, const char *path) {
    const uint32_t *offsets = blob_at(blob, globs.offset);
    for (uint32_t i = 0; path && i < globs.count; i++)
        if (glob_match(blob_at(blob, offsets[i]), path))
            return true;
    return false;
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
