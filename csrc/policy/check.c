/* check.c - proves a policy blob sound before anything trusts an offset in it.
 * Rule: reads inside [blob, blob + length) only, whatever the bytes are. */
#include "blob.h"

#include <string.h>

static bool inside(const uint8_t *blob, struct blob_list list, uint64_t element,
                   uint64_t alignment) {
    const uint64_t length = blob_header(blob)->length;
    return list.offset <= length && list.offset % alignment == 0 &&
           (uint64_t)list.count * element <= length - list.offset;
}

static bool is_text(const uint8_t *blob, uint32_t offset) {
    const uint64_t length = blob_header(blob)->length;
    return offset != 0 && offset < length && memchr(blob + offset, 0, length - offset) != NULL;
}

static bool is_text_or_none(const uint8_t *blob, uint32_t offset) {
    return offset == 0 || is_text(blob, offset);
}

/* Candidates of `rules` rules. */
static bool candidates_sound(const uint8_t *blob, struct blob_list list, uint32_t rules) {
    const struct blob_candidate *candidates = blob_at(blob, list.offset);
    if (!inside(blob, list, sizeof *candidates, 8))
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        if (candidates[i].rule >= rules || !is_text_or_none(blob, candidates[i].glob))
            return false;
    }
    return true;
}

static bool in_order(const uint8_t *blob, const struct blob_start *a, const struct blob_start *b) {
    uint32_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(blob_at(blob, a->text), blob_at(blob, b->text), common);
    return order ? order < 0 : a->length < b->length;
}

/* Candidates of `rules` rules, by how their globs begin. */
static bool starts_sound(const uint8_t *blob, struct blob_list list, uint32_t rules) {
    const struct blob_start *starts = blob_at(blob, list.offset);
    if (!inside(blob, list, sizeof *starts, 4))
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct blob_list text = {starts[i].text, starts[i].length};
        /* Whoever goes on to a shorter one goes back in the list, so that there is an end. */
        if (!inside(blob, text, 1, 1) || starts[i].shorter > i ||
            (i > 0 && !in_order(blob, &starts[i - 1], &starts[i])) ||
            !candidates_sound(blob, starts[i].candidates, rules))
            return false;
    }
    return true;
}

/* A list of offsets of texts. */
static bool texts_sound(const uint8_t *blob, struct blob_list list) {
    if (!inside(blob, list, sizeof(uint32_t), 4))
        return false;
    const uint32_t *texts = blob_at(blob, list.offset);
    for (uint32_t i = 0; i < list.count; i++)
        if (!is_text(blob, texts[i]))
            return false;
    return true;
}

static bool rule_sound(const uint8_t *blob, const struct blob_rule *rule) {
    return inside(blob, rule->except_types, sizeof(uint64_t), 8) &&
           texts_sound(blob, rule->except_globs) && rule->answer_mask < 1U << SPOOF_FIELD_COUNT;
}

static const char *statfs_check(const uint8_t *blob, const struct blob_header *header) {
    const struct blob_rule *rules = blob_at(blob, header->rules.offset);
    for (uint32_t i = 0; i < header->rules.count; i++)
        if (!rule_sound(blob, &rules[i]))
            return "a rule points outside the policy";
    const struct blob_type *types = blob_at(blob, header->types.offset);
    for (uint32_t i = 0; i < header->types.count; i++) {
        if (i > 0 && types[i - 1].type >= types[i].type)
            return "its filesystem types are not sorted";
        if (!starts_sound(blob, types[i].starts, header->rules.count))
            return "a filesystem type points outside the policy";
    }
    if (!starts_sound(blob, header->any_type, header->rules.count))
        return "a candidate points outside the policy";
    return NULL;
}

static const char *mounts_check(const uint8_t *blob, const struct blob_header *header) {
    const struct blob_mounts_rule *rules = blob_at(blob, header->mounts.offset);
    for (uint32_t i = 0; i < header->mounts.count; i++)
        if (!texts_sound(blob, rules[i].except_fstypes) ||
            !texts_sound(blob, rules[i].except_points) ||
            !texts_sound(blob, rules[i].except_programs) ||
            !is_text_or_none(blob, rules[i].fstype) || !is_text_or_none(blob, rules[i].source) ||
            rules[i].group > INT32_MAX)
            return "a mounts rule points outside the policy";
    const struct blob_mounts_candidate *candidates =
        blob_at(blob, header->mounts_candidates.offset);
    for (uint32_t i = 0; i < header->mounts_candidates.count; i++)
        if (candidates[i].rule >= header->mounts.count ||
            !is_text_or_none(blob, candidates[i].fstype) ||
            !is_text_or_none(blob, candidates[i].point))
            return "a mounts candidate points outside the policy";
    return NULL;
}

static bool file_rule_sound(const uint8_t *blob, const struct blob_file_rule *rule) {
    const struct blob_list bytes = rule->bytes;
    const struct blob_rewrite *rewrites = blob_at(blob, rule->rewrites.offset);
    if (!texts_sound(blob, rule->except_globs) || !texts_sound(blob, rule->except_programs) ||
        !inside(blob, rule->rewrites, sizeof *rewrites, 4) || rule->kind > SPOOF_FILE_GENERATED ||
        rule->writes > SPOOF_WRITES_KEEP || rule->mode > 07777 || rule->max_size > INT64_MAX ||
        rule->flags >= BLOB_FILE_SOURCE << 1)
        return false;
    for (uint32_t i = 0; i < rule->rewrites.count; i++)
        if (!is_text(blob, rewrites[i].pattern) || !is_text(blob, rewrites[i].replacement))
            return false;
    if (rule->kind == SPOOF_FILE_REWRITE)
        return true;
    /* Bytes, and a NUL behind them, so that a path or name among them is a text. */
    return inside(blob, bytes, 1, 1) &&
           bytes.offset + (uint64_t)bytes.count < blob_header(blob)->length &&
           blob[bytes.offset + bytes.count] == '\0' &&
           (rule->kind != SPOOF_FILE_REDIRECT || blob[bytes.offset] == '/');
}

/* Every candidate names a path, and a best one can be found by its last part. */
static bool tails_sound(const uint8_t *blob, const struct blob_header *header) {
    const struct blob_tail *tails = blob_at(blob, header->file_tails.offset);
    for (uint32_t i = 0; i < header->file_tails.count; i++)
        if (!is_text(blob, tails[i].text) ||
            !starts_sound(blob, tails[i].starts, header->files.count) ||
            (i > 0 && strcmp(blob_at(blob, tails[i - 1].text), blob_at(blob, tails[i].text)) >= 0))
            return false;
    return starts_sound(blob, header->file_any_tail, header->files.count) &&
           texts_sound(blob, header->file_tail_globs) && texts_sound(blob, header->file_trees);
}

static const char *files_check(const uint8_t *blob, const struct blob_header *header) {
    const struct blob_file_rule *rules = blob_at(blob, header->files.offset);
    for (uint32_t i = 0; i < header->files.count; i++)
        if (!file_rule_sound(blob, &rules[i]))
            return "a files rule points outside the policy";
    return tails_sound(blob, header) ? NULL : "a path of a files rule points outside the policy";
}

static const char *uname_check(const uint8_t *blob, const struct blob_header *header) {
    const struct blob_uname_rule *rules = blob_at(blob, header->unames.offset);
    for (uint32_t i = 0; i < header->unames.count; i++) {
        for (size_t field = 0; field < SPOOF_UNAME_COUNT; field++) {
            const char *text;
            if (!is_text_or_none(blob, rules[i].text[field]))
                return "a uname rule points outside the policy";
            text = blob_text(blob, rules[i].text[field]);
            if (text && strlen(text) > BLOB_MAX_UNAME)
                return "a uname rule has a text that is too long";
        }
    }
    return NULL;
}

static bool sections_inside(const uint8_t *blob) {
    const struct blob_header *header = blob_header(blob);
    return inside(blob, header->names, sizeof(uint32_t), 4) &&
           inside(blob, header->rules, sizeof(struct blob_rule), 8) &&
           inside(blob, header->types, sizeof(struct blob_type), 8) &&
           inside(blob, header->mounts, sizeof(struct blob_mounts_rule), 8) &&
           inside(blob, header->mounts_candidates, sizeof(struct blob_mounts_candidate), 8) &&
           inside(blob, header->files, sizeof(struct blob_file_rule), 8) &&
           inside(blob, header->file_tails, sizeof(struct blob_tail), 8) &&
           inside(blob, header->unames, sizeof(struct blob_uname_rule), 8) &&
           inside(blob, header->sysinfos, sizeof(struct blob_sysinfo_rule), 8);
}

const char *blob_check(const uint8_t *blob, uint64_t length) {
    const struct blob_header *header = blob_header(blob);
    const char *fault;
    if ((uintptr_t)blob % 8 != 0)
        return "it does not start at a multiple of 8 bytes";
    if (length < sizeof *header || header->magic != BLOB_MAGIC)
        return "it is not a compiled policy";
    if (header->version != BLOB_VERSION)
        return "it was compiled by another version of seccomp-spoof; compile it again";
    if (header->length != length || length > BLOB_MAX_LENGTH)
        return "its length is wrong";
    if (!sections_inside(blob))
        return "a section lies outside the policy";
    if (!texts_sound(blob, header->names) ||
        header->names.count != (uint64_t)header->rules.count + header->mounts.count +
                                   header->files.count + header->unames.count +
                                   header->sysinfos.count)
        return "its rules and their names do not fit together";
    fault = statfs_check(blob, header);
    fault = fault ? fault : mounts_check(blob, header);
    fault = fault ? fault : files_check(blob, header);
    return fault ? fault : uname_check(blob, header);
}
