/* rules.h - rules as they were told, before they are laid out. */
#ifndef SPOOF_RULES_H
#define SPOOF_RULES_H

#include "blob_parts.h"

/* In the order in which rules are added and numbered. */
enum rule_kind { RULE_STATFS, RULE_MOUNTS, RULE_FILE, RULE_UNAME, RULE_SYSINFO };

struct rule_input {
    enum rule_kind kind;
    char *name;
    struct bytes types, except_types; /* uint64_t */
    struct bytes paths, except_paths; /* char *, as all that follow */
    struct bytes fstypes, except_fstypes;
    struct bytes except_programs;
    uint32_t answer_mask; /* statfs */
    uint64_t answer[SPOOF_FIELD_COUNT];
    char *fstype; /* mounts */
    char *source;
    uint64_t magic;
    bool nodev;
    uint32_t group;
    char *uname[SPOOF_UNAME_COUNT];
    uint32_t sysinfo_mask; /* sysinfo */
    uint64_t sysinfo[SPOOF_SYSINFO_COUNT];
    uint32_t file_kind; /* files */
    bool has_content;
    struct bytes content;
    struct bytes rewrites; /* char *: pattern, replacement, pattern, ... */
    uint32_t options_set;  /* bit n: option n */
    uint64_t options[SPOOF_FILE_OPTION_COUNT];
};

/* A new rule, without anything; see spoof_builder_statfs(). */
int32_t start_rule(struct spoof_builder *builder, const char *name, enum rule_kind kind);
/* The last rule, if it is of one of these kinds (bit n: kind n), else NULL. */
struct rule_input *current_rule(struct spoof_builder *builder, uint32_t kinds);
/* Has a files rule all that its kind needs? In file_input.c. */
bool file_rule_complete(const struct rule_input *rule);
/* The rules of a kind: they stand together. */
struct rule_input *rules_of_kind(struct spoof_builder *builder, enum rule_kind kind,
                                 uint32_t *count);

/* How many rules there are, of all kinds. */
size_t rule_count(const struct spoof_builder *builder);
struct rule_input *rules_of(struct spoof_builder *builder);

#endif
