/* builder.h - what the parts of the policy builder share: rules as they were told, growing bytes.
 * Rule: a failed allocation makes the builder bad for good (`failed`), and finish() says so; the
 * parts may go on, what they make is then thrown away. */
#ifndef SPOOF_BUILDER_H
#define SPOOF_BUILDER_H

#include "blob.h"

struct bytes {
    uint8_t *data;
    size_t length, capacity;
};

/* In the order in which rules are added and numbered. */
enum rule_kind { RULE_STATFS, RULE_MOUNTS, RULE_FILE, RULE_UNAME, RULE_KIND_COUNT };

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
    uint64_t magic;
    bool nodev;
    uint32_t group;
    char *uname[SPOOF_UNAME_COUNT];
    uint32_t file_kind; /* files */
    bool has_content;
    struct bytes content;
    struct bytes rewrites; /* char *: pattern, replacement, pattern, ... */
    uint32_t options_set;  /* bit n: option n */
    uint64_t options[SPOOF_FILE_OPTION_COUNT];
};

struct spoof_builder {
    struct bytes rules; /* struct rule_input */
    int failed;         /* an errno, or 0 */
};

static inline size_t count_of(const struct bytes *bytes, size_t element) {
    return bytes->length / element;
}

bool append(struct spoof_builder *builder, struct bytes *to, const void *data, size_t length);
/* A copy of `text` at the end of a list of char *. 0 or -ENOMEM. */
int32_t append_copy(struct spoof_builder *builder, struct bytes *to, const char *text);
void free_texts(struct bytes *texts);
/* A new rule, without anything; see spoof_builder_statfs(). */
int32_t start_rule(struct spoof_builder *builder, const char *name, enum rule_kind kind);
/* The last rule, if it is of one of these kinds (bit n: kind n), else NULL. */
struct rule_input *current_rule(struct spoof_builder *builder, uint32_t kinds);
/* The rules of a kind: they stand together. */
struct rule_input *rules_of_kind(struct spoof_builder *builder, enum rule_kind kind,
                                 uint32_t *count);

/* Has a files rule all that its kind needs? */
bool file_rule_complete(const struct rule_input *rule);

/* Bytes of a glob that are no wildcards: how specific it is. */
uint32_t literal_bytes(const char *glob);

/* ---- the blob grows: each says where it put its part ---- */
struct blob_list put_list(struct spoof_builder *builder, struct bytes *blob, const void *data,
                          size_t element, size_t count);
uint32_t put_text(struct spoof_builder *builder, struct bytes *blob, const char *text);
/* The texts of a list of char *, and the list (uint32_t) of where they lie. */
struct blob_list put_texts(struct spoof_builder *builder, struct bytes *blob,
                           const struct bytes *texts);

/* One way to match, before its list is laid out: a rule with at most one of its types and globs. */
struct candidate_input {
    bool has_type; /* statfs */
    uint64_t type;
    char *tail; /* files: last part of the path as plain text; NULL: it is none */
    char *glob; /* NULL: any path */
    uint32_t rule;
    bool parent;
    uint32_t literals, start, rank; /* rank_candidates() sets these */
};

/* Ranks candidates, and sorts them so that those of one list stand together: those with a type or
 * tail first, in the order of it. */
void rank_candidates(struct bytes *inputs);
/* The candidates of one list: what is laid out is a list of struct blob_start. */
struct blob_list put_candidates(struct spoof_builder *builder, struct bytes *blob,
                                const struct candidate_input *input, size_t count);

/* The sections of one kind of rule. */
void build_statfs(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void build_mounts(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void build_files(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);
void build_uname(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header);

#endif
