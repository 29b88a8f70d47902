/* rules.c - holds the rules. Rule: they stand together by kind, because numbers go by kind. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 200

struct rule_input *rules_of(struct spoof_builder *builder) {
    return (struct rule_input *)(void *)builder->rules.data;
}

size_t rule_count(const struct spoof_builder *builder) {
    return count_of(&builder->rules, sizeof(struct rule_input));
}

struct rule_input *current_rule(struct spoof_builder *builder, uint32_t kinds) {
    size_t count = builder ? rule_count(builder) : 0;
    struct rule_input *rule = count ? &rules_of(builder)[count - 1] : NULL;
    return rule && (kinds >> rule->kind & 1) ? rule : NULL;
}

struct rule_input *rules_of_kind(struct spoof_builder *builder, enum rule_kind kind,
                                 uint32_t *count) {
    struct rule_input *rules = rules_of(builder);
    size_t total = rule_count(builder), first = 0, end;
    while (first < total && rules[first].kind != kind)
        first++;
    for (end = first; end < total && rules[end].kind == kind;)
        end++;
    *count = (uint32_t)(end - first);
    return *count ? &rules[first] : NULL;
}

int32_t start_rule(struct spoof_builder *builder, const char *name, enum rule_kind kind) {
    struct rule_input rule = {.kind = kind};
    size_t length = name ? strlen(name) : 0;
    if (!builder || length < 1 || length > NAME_MAX_BYTES)
        return -EINVAL;
    size_t count = rule_count(builder);
    if (count && rules_of(builder)[count - 1].kind > kind)
        return -EINVAL; /* numbers go by kind */
    rule.name = strdup(name);
    if (!rule.name)
        return -(builder->failed = ENOMEM);
    if (!append(builder, &builder->rules, &rule, sizeof rule)) {
        free(rule.name);
        return -ENOMEM;
    }
    return 0;
}
