/* builder.c - makes the policy blob from rules that TypeScript has checked and merged.
 * Rule: a value that the blob must not have is refused when it is told; finish() makes no half
 * blobs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"
#include "rules.h"

#define WORD_MAX_BYTES 255

enum {
    OF_STATFS = 1U << RULE_STATFS,
    OF_MOUNTS = 1U << RULE_MOUNTS,
    OF_FILE = 1U << RULE_FILE,
    OF_UNAME = 1U << RULE_UNAME,
    OF_SYSINFO = 1U << RULE_SYSINFO,
};

uint32_t spoof_abi_version(void) {
    return SPOOF_ABI_VERSION;
}

struct spoof_builder *spoof_builder_new(void) {
    return calloc(1, sizeof(struct spoof_builder));
}

void spoof_builder_free(struct spoof_builder *builder) {
    if (!builder)
        return;
    struct rule_input *rules = rules_of(builder);
    for (size_t i = 0; i < rule_count(builder); i++) {
        struct rule_input *rule = &rules[i];
        free_texts(&rule->paths);
        free_texts(&rule->except_paths);
        free_texts(&rule->fstypes);
        free_texts(&rule->except_fstypes);
        free_texts(&rule->except_programs);
        free_texts(&rule->rewrites);
        for (size_t k = 0; k < SPOOF_UNAME_COUNT; k++)
            free(rule->uname[k]);
        free(rule->name);
        free(rule->types.data);
        free(rule->except_types.data);
        free(rule->fstype);
        free(rule->source);
        free(rule->content.data);
    }
    free(builder->rules.data);
    free(builder);
}

int32_t spoof_builder_statfs(struct spoof_builder *builder, const char *name) {
    return start_rule(builder, name, RULE_STATFS);
}

int32_t spoof_builder_mounts(struct spoof_builder *builder, const char *name) {
    return start_rule(builder, name, RULE_MOUNTS);
}

int32_t spoof_builder_uname(struct spoof_builder *builder, const char *name) {
    return start_rule(builder, name, RULE_UNAME);
}

int32_t spoof_builder_sysinfo(struct spoof_builder *builder, const char *name) {
    return start_rule(builder, name, RULE_SYSINFO);
}

static int32_t add_type(struct spoof_builder *builder, struct bytes *to, uint64_t type) {
    return append(builder, to, &type, sizeof type) ? 0 : -ENOMEM;
}

static int32_t add_path(struct spoof_builder *builder, struct bytes *to, const char *glob) {
    if (!glob || glob[0] != '/' || strlen(glob) > BLOB_MAX_GLOB)
        return -EINVAL;
    return append_copy(builder, to, glob);
}

static int32_t add_word(struct spoof_builder *builder, struct bytes *to, const char *glob) {
    if (!glob || glob[0] == '\0' || strlen(glob) > WORD_MAX_BYTES)
        return -EINVAL;
    return append_copy(builder, to, glob);
}

int32_t spoof_builder_when_type(struct spoof_builder *builder, uint64_t type) {
    struct rule_input *rule = current_rule(builder, OF_STATFS);
    return rule ? add_type(builder, &rule->types, type) : -EINVAL;
}

int32_t spoof_builder_when_fstype(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = current_rule(builder, OF_MOUNTS);
    return rule ? add_word(builder, &rule->fstypes, glob) : -EINVAL;
}

int32_t spoof_builder_when_path(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = current_rule(builder, OF_STATFS | OF_MOUNTS | OF_FILE);
    return rule ? add_path(builder, &rule->paths, glob) : -EINVAL;
}

int32_t spoof_builder_except_type(struct spoof_builder *builder, uint64_t type) {
    struct rule_input *rule = current_rule(builder, OF_STATFS);
    return rule ? add_type(builder, &rule->except_types, type) : -EINVAL;
}

int32_t spoof_builder_except_fstype(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = current_rule(builder, OF_MOUNTS);
    return rule ? add_word(builder, &rule->except_fstypes, glob) : -EINVAL;
}

int32_t spoof_builder_except_path(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = current_rule(builder, OF_STATFS | OF_MOUNTS | OF_FILE);
    return rule ? add_path(builder, &rule->except_paths, glob) : -EINVAL;
}

int32_t spoof_builder_except_program(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = current_rule(builder, OF_MOUNTS | OF_FILE);
    return rule ? add_word(builder, &rule->except_programs, glob) : -EINVAL;
}

int32_t spoof_builder_answer(struct spoof_builder *builder, uint32_t field, uint64_t value) {
    struct rule_input *rule = current_rule(builder, OF_STATFS);
    if (!rule || field >= SPOOF_FIELD_COUNT)
        return -EINVAL;
    rule->answer_mask |= 1U << field;
    rule->answer[field] = value;
    return 0;
}

/* Replaces a text of a rule by a copy of another. */
static int32_t set_text(struct spoof_builder *builder, char **to, const char *text) {
    char *copy = strdup(text);
    if (!copy)
        return -(builder->failed = ENOMEM);
    free(*to);
    *to = copy;
    return 0;
}

/* Could be written into a column of a table as it is? */
static bool is_column(const char *text) {
    size_t length = 0;
    for (; text[length]; length++) {
        unsigned char byte = (unsigned char)text[length];
        if (byte <= ' ' || byte == 0x7f || byte == '\\' || byte == '#')
            return false;
    }
    return length >= 1 && length <= WORD_MAX_BYTES;
}

int32_t spoof_builder_answer_fstype(struct spoof_builder *builder, const char *fstype,
                                    uint64_t magic, int32_t nodev) {
    struct rule_input *rule = current_rule(builder, OF_MOUNTS);
    if (!rule || !fstype || !is_column(fstype))
        return -EINVAL;
    rule->magic = magic;
    rule->nodev = nodev != 0;
    return set_text(builder, &rule->fstype, fstype);
}

int32_t spoof_builder_answer_source(struct spoof_builder *builder, const char *source) {
    struct rule_input *rule = current_rule(builder, OF_MOUNTS);
    if (!rule || !source || !is_column(source))
        return -EINVAL;
    return set_text(builder, &rule->source, source);
}

int32_t spoof_builder_answer_shared(struct spoof_builder *builder, uint32_t group) {
    struct rule_input *rule = current_rule(builder, OF_MOUNTS);
    if (!rule || group < 1 || group > INT32_MAX)
        return -EINVAL;
    rule->group = group;
    return 0;
}

int32_t spoof_builder_answer_uname(struct spoof_builder *builder, uint32_t field,
                                   const char *text) {
    struct rule_input *rule = current_rule(builder, OF_UNAME);
    if (!rule || field >= SPOOF_UNAME_COUNT || !text || strlen(text) > BLOB_MAX_UNAME)
        return -EINVAL;
    return set_text(builder, &rule->uname[field], text);
}

int32_t spoof_builder_answer_sysinfo(struct spoof_builder *builder, uint32_t field,
                                     uint64_t bytes) {
    struct rule_input *rule = current_rule(builder, OF_SYSINFO);
    if (!rule || field >= SPOOF_SYSINFO_COUNT || bytes > INT64_MAX)
        return -EINVAL;
    rule->sysinfo_mask |= 1U << field;
    rule->sysinfo[field] = bytes;
    return 0;
}

/* What all rules are called, in the order of their numbers. */
static struct blob_list put_names(struct spoof_builder *builder, struct bytes *blob) {
    struct bytes names = {0};
    for (size_t i = 0; i < rule_count(builder); i++)
        append(builder, &names, &rules_of(builder)[i].name, sizeof(char *));
    struct blob_list list = put_texts(builder, blob, &names);
    free(names.data); /* the texts are the rules' */
    return list;
}

static void lay_out(struct spoof_builder *builder, struct bytes *blob) {
    struct blob_header header = {.magic = BLOB_MAGIC, .version = BLOB_VERSION};
    append(builder, blob, &header, sizeof header);
    header.names = put_names(builder, blob);
    lay_out_statfs(builder, blob, &header);
    lay_out_mounts(builder, blob, &header);
    lay_out_files(builder, blob, &header);
    lay_out_uname(builder, blob, &header);
    lay_out_sysinfo(builder, blob, &header);
    header.length = (uint32_t)blob->length;
    if (!builder->failed)
        memcpy(blob->data, &header, sizeof header);
}

static bool all_complete(struct spoof_builder *builder) {
    uint32_t count;
    const struct rule_input *rule = rules_of_kind(builder, RULE_FILE, &count);
    for (uint32_t i = 0; i < count; i++)
        if (!file_rule_complete(&rule[i]))
            return false;
    return true;
}

int64_t spoof_builder_finish(struct spoof_builder *builder, uint8_t *out, uint64_t capacity) {
    struct bytes blob = {0};
    int64_t result;
    if (!builder || !all_complete(builder))
        return -EINVAL;
    lay_out(builder, &blob);
    if (builder->failed)
        result = -builder->failed;
    else if (blob.length > BLOB_MAX_LENGTH)
        result = -E2BIG;
    else if (capacity == 0)
        result = (int64_t)blob.length;
    else if (capacity < blob.length)
        result = -ENOSPC;
    else {
        memcpy(out, blob.data, blob.length);
        result = (int64_t)blob.length;
    }
    free(blob.data);
    return result;
}
