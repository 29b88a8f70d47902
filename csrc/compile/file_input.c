/* file_input.c - what TypeScript tells the builder of files rules.
 * Rule: as in builder.c; what can be judged only when all is told, file_rule_complete() judges. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../content/generate.h"
#include "../content/rewrite.h"
#include "rules.h"

#define OF_FILE (1U << RULE_FILE)
#define CONTENT_MAX (1U << 20)
#define TARGET_MAX 4095 /* PATH_MAX without its NUL */
#define EXPRESSION_MAX 4096
#define MODE_MAX 07777

int32_t spoof_builder_file(struct spoof_builder *builder, const char *name, uint32_t kind) {
    if (kind > SPOOF_FILE_GENERATED)
        return -EINVAL;
    int32_t result = start_rule(builder, name, RULE_FILE);
    if (result == 0)
        current_rule(builder, OF_FILE)->file_kind = kind;
    return result;
}

/* Bytes of the kind SPOOF_FILE_*, with a NUL behind them. */
static bool is_content(uint32_t kind, const char *bytes, uint64_t length) {
    bool text = memchr(bytes, '\0', length) == NULL;
    switch (kind) {
    case SPOOF_FILE_REDIRECT:
        return text && bytes[0] == '/' && length <= TARGET_MAX;
    case SPOOF_FILE_CONTENT:
        return true;
    case SPOOF_FILE_GENERATED:
        return text && generator_known(bytes);
    default:
        return false;
    }
}

int32_t spoof_builder_file_bytes(struct spoof_builder *builder, const uint8_t *bytes,
                                 uint64_t length) {
    struct rule_input *rule = current_rule(builder, OF_FILE);
    if (!rule || rule->has_content || length > CONTENT_MAX || (!bytes && length))
        return -EINVAL;
    if (!append(builder, &rule->content, bytes, length) || !append(builder, &rule->content, "", 1))
        return -ENOMEM;
    if (!is_content(rule->file_kind, (const char *)rule->content.data, length)) {
        rule->content.length = 0;
        return -EINVAL;
    }
    rule->has_content = true;
    return 0;
}

int32_t spoof_builder_file_rewrite(struct spoof_builder *builder, const char *pattern,
                                   const char *replacement) {
    struct rule_input *rule = current_rule(builder, OF_FILE);
    if (!rule || rule->file_kind != SPOOF_FILE_REWRITE || !pattern || !replacement ||
        strlen(pattern) > EXPRESSION_MAX || strlen(replacement) > EXPRESSION_MAX)
        return -EINVAL;
    int32_t error = rewrite_check(pattern, replacement);
    if (error == 0)
        error = append_copy(builder, &rule->rewrites, pattern);
    return error == 0 ? append_copy(builder, &rule->rewrites, replacement) : error;
}

static bool is_option(const struct rule_input *rule, uint32_t option, uint64_t value) {
    switch ((enum spoof_file_option)option) {
    case SPOOF_FILE_WRITES:
        return value <= SPOOF_WRITES_KEEP;
    case SPOOF_FILE_MISSING:
    case SPOOF_FILE_PARENTS:
    case SPOOF_FILE_SCOPE_ALL:
        return value <= 1;
    case SPOOF_FILE_FILESYSTEM:
        return true;
    case SPOOF_FILE_MAX_SIZE:
        return value <= INT64_MAX;
    case SPOOF_FILE_MODE:
        return value <= MODE_MAX;
    case SPOOF_FILE_TREE:
        return value == 0 || (value == 1 && rule->file_kind == SPOOF_FILE_REDIRECT);
    case SPOOF_FILE_OPTION_COUNT:
        break;
    }
    return false;
}

int32_t spoof_builder_file_option(struct spoof_builder *builder, uint32_t option, uint64_t value) {
    struct rule_input *rule = current_rule(builder, OF_FILE);
    if (!rule || option >= SPOOF_FILE_OPTION_COUNT || !is_option(rule, option, value))
        return -EINVAL;
    rule->options[option] = value;
    rule->options_set |= 1U << option;
    return 0;
}

/* Ends in slash-stars, and has no other double star: then it is known which part of a path that it
 * matches is the directory. */
static bool is_tree(const char *glob) {
    const char *deep = strstr(glob, "**");
    return deep && deep > glob && deep[-1] == '/' && deep[2] == '\0';
}

bool file_rule_complete(const struct rule_input *rule) {
    char **globs = (char **)(void *)rule->paths.data;
    size_t count = count_of(&rule->paths, sizeof *globs);
    for (size_t i = 0; rule->options[SPOOF_FILE_TREE] && i < count; i++)
        if (!is_tree(globs[i]))
            return false;
    if (rule->file_kind == SPOOF_FILE_REWRITE)
        return count > 0 && rule->rewrites.length > 0;
    /* What is made anew at each open keeps nothing. */
    if (rule->file_kind == SPOOF_FILE_GENERATED && rule->has_content &&
        rule->options[SPOOF_FILE_WRITES] == SPOOF_WRITES_KEEP &&
        generator_source((char *)rule->content.data))
        return false;
    return count > 0 && rule->has_content;
}
