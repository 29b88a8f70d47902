/* layout_files.c - lays out the files rules of a blob, so that the last part of a path finds the
 * few candidates among ten thousand rules. Rule: candidates have globs and tails of their own. */
#include "layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../content/generate.h"
#include "candidates.h"
#include "rules.h"

#define DEFAULT_MAX_SIZE ((uint64_t)64 << 20)

static int by_text(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* A glob up to its first wildcard, as plain text; `*rest` is that wildcard, or its end. */
static char *plain_text(struct spoof_builder *builder, const char *glob, const char **rest) {
    char *text = strdup(glob), *out = text;
    for (; text && *glob && *glob != '*' && *glob != '?'; glob++) {
        if (*glob == '\\' && glob[1])
            glob++;
        *out++ = *glob;
    }
    if (text)
        *out = '\0';
    else
        builder->failed = ENOMEM;
    *rest = glob;
    return text;
}

/* Behind the last slash: an escaped one is one, too. */
static const char *tail_of(const char *glob) {
    return strrchr(glob, '/') + 1;
}

/* Takes over `glob`. */
static void add_candidate(struct spoof_builder *builder, struct bytes *to, char *glob,
                          uint32_t rule, bool parent) {
    const char *rest = "";
    struct candidate_input input = {.glob = glob, .rule = rule, .parent = parent};
    if (glob)
        input.tail = plain_text(builder, tail_of(glob), &rest);
    if (*rest) {
        free(input.tail);
        input.tail = NULL;
    }
    if (!glob || !append(builder, to, &input, sizeof input)) {
        builder->failed = ENOMEM;
        free(input.tail);
        free(glob);
    }
}

/* Each directory above a path that is known to be one: /a and /a/b for /a/b/c. */
static void add_parents(struct spoof_builder *builder, struct bytes *to, const char *glob,
                        uint32_t rule) {
    const char *deep = strstr(glob, "**");
    for (const char *slash = strchr(glob + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - glob);
        if (deep && deep < slash)
            return;
        if (glob[length - 1] == '\\')
            length--; /* a slash that was escaped for no reason */
        add_candidate(builder, to, strndup(glob, length), rule, true);
    }
}

static void add_candidates(struct spoof_builder *builder, struct bytes *to,
                           const struct rule_input *rule, uint32_t number) {
    char **globs = (char **)(void *)rule->paths.data;
    for (size_t i = 0; i < count_of(&rule->paths, sizeof *globs); i++) {
        add_candidate(builder, to, strdup(globs[i]), number, false);
        if (rule->options[SPOOF_FILE_PARENTS])
            add_parents(builder, to, globs[i], number);
    }
}

static struct blob_list put_rewrites(struct spoof_builder *builder, struct bytes *blob,
                                     const struct bytes *texts) {
    char **text = (char **)(void *)texts->data;
    struct bytes rewrites = {0};
    for (size_t i = 0; i + 1 < count_of(texts, sizeof *text); i += 2) {
        struct blob_rewrite rewrite = {.pattern = put_text(builder, blob, text[i])};
        rewrite.replacement = put_text(builder, blob, text[i + 1]);
        append(builder, &rewrites, &rewrite, sizeof rewrite);
    }
    return put_gathered(builder, blob, &rewrites, sizeof(struct blob_rewrite));
}

static struct blob_file_rule put_rule(struct spoof_builder *builder, struct bytes *blob,
                                      const struct rule_input *input) {
    const uint64_t *options = input->options;
    struct blob_file_rule rule = {
        .max_size = DEFAULT_MAX_SIZE,
        .filesystem = options[SPOOF_FILE_FILESYSTEM],
        .kind = input->file_kind,
        .writes = (uint32_t)options[SPOOF_FILE_WRITES],
        .mode = options[SPOOF_FILE_WRITES] == SPOOF_WRITES_REFUSE ? 0444 : 0644,
        .flags = (options[SPOOF_FILE_MISSING] ? BLOB_FILE_MISSING : 0) |
                 (options[SPOOF_FILE_PARENTS] ? BLOB_FILE_PARENTS : 0) |
                 (options[SPOOF_FILE_SCOPE_ALL] ? BLOB_FILE_SCOPE_ALL : 0) |
                 (options[SPOOF_FILE_TREE] ? BLOB_FILE_TREE : 0),
    };
    if (input->options_set >> SPOOF_FILE_MODE & 1)
        rule.mode = (uint32_t)options[SPOOF_FILE_MODE];
    if (input->options_set >> SPOOF_FILE_MAX_SIZE & 1)
        rule.max_size = options[SPOOF_FILE_MAX_SIZE];
    rule.except_globs = put_texts(builder, blob, &input->except_paths);
    rule.except_programs = put_texts(builder, blob, &input->except_programs);
    rule.rewrites = put_rewrites(builder, blob, &input->rewrites);
    if (input->has_content) {
        rule.bytes = put_list(builder, blob, input->content.data, 1, input->content.length);
        rule.bytes.count--; /* the NUL */
        if (rule.kind == SPOOF_FILE_GENERATED && generator_source((char *)input->content.data))
            rule.flags |= BLOB_FILE_SOURCE;
    }
    return rule;
}

/* Texts, sorted and each once. */
static struct blob_list put_sorted(struct spoof_builder *builder, struct bytes *blob,
                                   struct bytes *texts, bool prefixes) {
    char **text = (char **)(void *)texts->data;
    size_t count = count_of(texts, sizeof *text), kept = 0;
    struct bytes chosen = {0};
    if (count)
        qsort(text, count, sizeof *text, by_text);
    for (size_t i = 0; i < count; i++) {
        const char *last = i ? text[kept] : NULL;
        if (last && (prefixes ? strncmp(text[i], last, strlen(last)) : strcmp(text[i], last)) == 0)
            continue;
        append(builder, &chosen, &text[i], sizeof *text);
        kept = i;
    }
    struct blob_list list = put_texts(builder, blob, &chosen);
    free(chosen.data); /* the texts are the caller's */
    return list;
}

/* What the globs without a plain last part can match: their last parts, or, where those may reach
 * over a slash, how they begin. */
static void put_wild(struct spoof_builder *builder, struct bytes *blob,
                     const struct candidate_input *input, size_t count,
                     struct blob_header *header) {
    struct bytes globs = {0}, trees = {0};
    for (size_t i = 0; i < count; i++) {
        const char *tail = tail_of(input[i].glob), *rest;
        if (strstr(tail, "**")) {
            char *text = plain_text(builder, input[i].glob, &rest);
            if (text && !append(builder, &trees, &text, sizeof text))
                free(text);
        } else {
            append_copy(builder, &globs, tail);
        }
    }
    header->file_tail_globs = put_sorted(builder, blob, &globs, false);
    header->file_trees = put_sorted(builder, blob, &trees, true);
    free_texts(&globs);
    free_texts(&trees);
}

static bool same_tail(const struct candidate_input *a, const struct candidate_input *b) {
    return a->tail && b->tail && strcmp(a->tail, b->tail) == 0;
}

/* Lays out candidates (ranked) and the table of tails that leads to them. */
static void put_tails(struct spoof_builder *builder, struct bytes *blob, const struct bytes *inputs,
                      struct blob_header *header) {
    const struct candidate_input *input = (const void *)inputs->data;
    size_t count = count_of(inputs, sizeof *input), i = 0;
    struct bytes tails = {0};
    while (i < count && input[i].tail) {
        size_t first = i;
        while (i < count && same_tail(&input[i], &input[first]))
            i++;
        struct blob_tail tail = {.text = put_text(builder, blob, input[first].tail)};
        tail.starts = put_candidates(builder, blob, input + first, i - first);
        append(builder, &tails, &tail, sizeof tail);
    }
    header->file_any_tail = put_candidates(builder, blob, input + i, count - i);
    header->file_tails = put_gathered(builder, blob, &tails, sizeof(struct blob_tail));
    put_wild(builder, blob, input + i, count - i, header);
}

void lay_out_files(struct spoof_builder *builder, struct bytes *blob, struct blob_header *header) {
    struct bytes inputs = {0}, rules = {0};
    uint32_t count;
    const struct rule_input *input = rules_of_kind(builder, RULE_FILE, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct blob_file_rule rule = put_rule(builder, blob, &input[i]);
        append(builder, &rules, &rule, sizeof rule);
        add_candidates(builder, &inputs, &input[i], i);
        header->calls |= SPOOF_CALLS_FSTATFS | SPOOF_CALLS_OPEN | SPOOF_CALLS_PATHS;
    }
    header->files = put_gathered(builder, blob, &rules, sizeof(struct blob_file_rule));
    if (!builder->failed) {
        rank_candidates(&inputs);
        put_tails(builder, blob, &inputs, header);
    }
    struct candidate_input *candidate = (void *)inputs.data;
    for (size_t i = 0; i < count_of(&inputs, sizeof *candidate); i++) {
        free(candidate[i].glob);
        free(candidate[i].tail);
    }
    free(inputs.data);
}
