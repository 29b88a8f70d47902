/* builder.c - makes the policy blob from rules that TypeScript has checked and merged.
 * Rule: a failed allocation makes the builder bad for good, and finish() says so; no half blobs. */
#include "blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t *data;
    size_t length, capacity;
};

struct rule_input {
    char *name;
    struct bytes types, globs, except_types, except_globs; /* uint64_t, char *, uint64_t, char * */
    uint32_t answer_mask;
    uint64_t answer[SPOOF_FIELD_COUNT];
};

/* A candidate before its list is laid out. */
struct candidate_input {
    uint64_t type;
    bool has_type;
    uint32_t rule;
    const char *glob;  /* NULL: any path */
    uint32_t literals; /* bytes of the glob that are not wildcards: how specific it is */
    uint32_t rank;
};

struct spoof_builder {
    struct bytes rules; /* struct rule_input */
    int failed;         /* an errno, or 0 */
};

static bool append(struct spoof_builder *builder, struct bytes *to, const void *data,
                   size_t length) {
    if (to->length + length > to->capacity) {
        size_t capacity = to->capacity ? to->capacity * 2 : 64;
        while (capacity < to->length + length)
            capacity *= 2;
        uint8_t *grown = realloc(to->data, capacity);
        if (!grown) {
            builder->failed = ENOMEM;
            return false;
        }
        to->data = grown;
        to->capacity = capacity;
    }
    memcpy(to->data + to->length, data, length);
    to->length += length;
    return true;
}

static size_t count_of(const struct bytes *bytes, size_t element) {
    return bytes->length / element;
}

static struct rule_input *rules_of(struct spoof_builder *builder) {
    return (struct rule_input *)(void *)builder->rules.data;
}

static struct rule_input *current(struct spoof_builder *builder) {
    size_t count = count_of(&builder->rules, sizeof(struct rule_input));
    return count ? &rules_of(builder)[count - 1] : NULL;
}

uint32_t spoof_abi_version(void) {
    return SPOOF_ABI_VERSION;
}

struct spoof_builder *spoof_builder_new(void) {
    return calloc(1, sizeof(struct spoof_builder));
}

static void free_texts(struct bytes *texts) {
    char **text = (char **)(void *)texts->data;
    for (size_t i = 0; i < count_of(texts, sizeof *text); i++)
        free(text[i]);
    free(texts->data);
}

void spoof_builder_free(struct spoof_builder *builder) {
    if (!builder)
        return;
    struct rule_input *rules = rules_of(builder);
    for (size_t i = 0; i < count_of(&builder->rules, sizeof *rules); i++) {
        free(rules[i].name);
        free(rules[i].types.data);
        free(rules[i].except_types.data);
        free_texts(&rules[i].globs);
        free_texts(&rules[i].except_globs);
    }
    free(builder->rules.data);
    free(builder);
}

int32_t spoof_builder_statfs(struct spoof_builder *builder, const char *name) {
    struct rule_input rule = {0};
    size_t length = name ? strlen(name) : 0;
    if (!builder || length < 1 || length > 200)
        return -EINVAL;
    rule.name = strdup(name);
    if (!rule.name)
        return -(builder->failed = ENOMEM);
    if (!append(builder, &builder->rules, &rule, sizeof rule)) {
        free(rule.name);
        return -ENOMEM;
    }
    return 0;
}

static int32_t add_type(struct spoof_builder *builder, struct bytes *to, uint64_t type) {
    return append(builder, to, &type, sizeof type) ? 0 : -ENOMEM;
}

static int32_t add_glob(struct spoof_builder *builder, struct bytes *to, const char *glob) {
    if (!glob || glob[0] != '/' || strlen(glob) > BLOB_MAX_GLOB)
        return -EINVAL;
    char *copy = strdup(glob);
    if (!copy)
        return -(builder->failed = ENOMEM);
    if (!append(builder, to, &copy, sizeof copy)) {
        free(copy);
        return -ENOMEM;
    }
    return 0;
}

int32_t spoof_builder_when_type(struct spoof_builder *builder, uint64_t type) {
    struct rule_input *rule = builder ? current(builder) : NULL;
    return rule ? add_type(builder, &rule->types, type) : -EINVAL;
}

int32_t spoof_builder_when_path(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = builder ? current(builder) : NULL;
    return rule ? add_glob(builder, &rule->globs, glob) : -EINVAL;
}

int32_t spoof_builder_except_type(struct spoof_builder *builder, uint64_t type) {
    struct rule_input *rule = builder ? current(builder) : NULL;
    return rule ? add_type(builder, &rule->except_types, type) : -EINVAL;
}

int32_t spoof_builder_except_path(struct spoof_builder *builder, const char *glob) {
    struct rule_input *rule = builder ? current(builder) : NULL;
    return rule ? add_glob(builder, &rule->except_globs, glob) : -EINVAL;
}

int32_t spoof_builder_answer(struct spoof_builder *builder, uint32_t field, uint64_t value) {
    struct rule_input *rule = builder ? current(builder) : NULL;
    if (!rule || field >= SPOOF_FIELD_COUNT)
        return -EINVAL;
    rule->answer_mask |= 1U << field;
    rule->answer[field] = value;
    return 0;
}

static uint32_t literal_bytes(const char *glob) {
    uint32_t literals = 0;
    for (; *glob; glob++) {
        if (*glob == '*' || *glob == '?')
            continue;
        if (*glob == '\\' && glob[1])
            glob++;
        literals++;
    }
    return literals;
}

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

static bool add_candidates(struct spoof_builder *builder, struct bytes *to, uint32_t number) {
    const struct rule_input *rule = &rules_of(builder)[number];
    const uint64_t *types = (const uint64_t *)(const void *)rule->types.data;
    char **globs = (char **)(void *)rule->globs.data;
    size_t type_count = count_of(&rule->types, sizeof *types);
    size_t glob_count = count_of(&rule->globs, sizeof *globs);
    for (size_t t = 0; t < (type_count ? type_count : 1); t++) {
        for (size_t g = 0; g < (glob_count ? glob_count : 1); g++) {
            struct candidate_input input = {
                .type = type_count ? types[t] : 0,
                .has_type = type_count != 0,
                .rule = number,
                .glob = glob_count ? globs[g] : NULL,
                .literals = glob_count ? literal_bytes(globs[g]) : 0,
            };
            if (!append(builder, to, &input, sizeof input))
                return false;
        }
    }
    return true;
}

static void align(struct spoof_builder *builder, struct bytes *blob) {
    static const uint8_t zeros[8];
    append(builder, blob, zeros, (8 - blob->length % 8) % 8);
}

/* Appends a list and says where it lies. */
static struct blob_list put_list(struct spoof_builder *builder, struct bytes *blob,
                                 const void *data, size_t element, size_t count) {
    align(builder, blob);
    struct blob_list list = {(uint32_t)blob->length, (uint32_t)count};
    if (count)
        append(builder, blob, data, element * count);
    return list;
}

static uint32_t put_text(struct spoof_builder *builder, struct bytes *blob, const char *text) {
    uint32_t offset = (uint32_t)blob->length;
    append(builder, blob, text, strlen(text) + 1);
    return offset;
}

static struct blob_rule put_rule(struct spoof_builder *builder, struct bytes *blob,
                                 const struct rule_input *input) {
    struct blob_rule rule = {.answer_mask = input->answer_mask};
    memcpy(rule.answer, input->answer, sizeof rule.answer);
    rule.name = put_text(builder, blob, input->name);

    char **globs = (char **)(void *)input->except_globs.data;
    size_t glob_count = count_of(&input->except_globs, sizeof *globs);
    struct bytes offsets = {0};
    for (size_t i = 0; i < glob_count; i++) {
        uint32_t offset = put_text(builder, blob, globs[i]);
        append(builder, &offsets, &offset, sizeof offset);
    }
    rule.except_globs =
        put_list(builder, blob, offsets.data, sizeof(uint32_t), count_of(&offsets, 4));
    free(offsets.data);
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

static void lay_out(struct spoof_builder *builder, struct bytes *blob) {
    struct blob_header header = {.magic = BLOB_MAGIC, .version = BLOB_VERSION};
    struct bytes inputs = {0}, rules = {0};
    size_t count = count_of(&builder->rules, sizeof(struct rule_input));

    append(builder, blob, &header, sizeof header);
    for (uint32_t i = 0; i < count && !builder->failed; i++) {
        struct blob_rule rule = put_rule(builder, blob, &rules_of(builder)[i]);
        append(builder, &rules, &rule, sizeof rule);
        add_candidates(builder, &inputs, i);
        header.calls |= BLOB_CALLS_STATFS;
    }
    if (!builder->failed) {
        rank_candidates(&inputs);
        header.rules = put_list(builder, blob, rules.data, sizeof(struct blob_rule), count);
        put_candidates(builder, blob, &inputs, &header);
    }
    free(inputs.data);
    free(rules.data);
    header.length = (uint32_t)blob->length;
    if (!builder->failed)
        memcpy(blob->data, &header, sizeof header);
}

int64_t spoof_builder_finish(struct spoof_builder *builder, uint8_t *out, uint64_t capacity) {
    struct bytes blob = {0};
    int64_t result;
    if (!builder)
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
