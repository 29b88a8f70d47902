/* rules.c - rules at will, as TypeScript tells them: the builder makes a blob that the check takes,
 * and the matcher finds the rule that spoof.h says, by trying all of them.
 * Input: a type, texts that are asked for, and then rules, each a byte for its kind and its parts.
 */
#include <stdio.h>

#include "../../../csrc/policy/blob.h"
#include "../../../csrc/policy/match.h"
#include "../../matcher/policy.h"
#include "input.h"

#define RULES 8
#define PARTS 3
#define LONGEST 24U
#define TYPES 6

enum kind { STATFS, MOUNTS, FILES, KINDS };

struct list {
    const char *text[PARTS];
    uint32_t count;
};

struct rule {
    enum kind kind;
    uint64_t types[PARTS], except_types[PARTS];
    uint32_t type_count, except_type_count;
    struct list paths, except_paths, fstypes, except_fstypes, except_programs;
    bool tree;
};

static struct rule rules[RULES];
static uint32_t rule_count;

/* ---- what globs mean, by trying everything, each pair of places once ---- */

struct search {
    const char *glob, *text;
    bool word; /* `*` and `?` stand for any bytes */
    uint8_t known[LONGEST + 2][LONGEST + 2];
};

static bool fits(struct search *search, size_t at, size_t in);

static bool any_rest(struct search *search, size_t at, size_t in, bool deep) {
    for (;; in++) {
        if (fits(search, at, in))
            return true;
        if (search->text[in] == '\0' || (!deep && search->text[in] == '/'))
            return false;
    }
}

/* Slash-stars at the end also stand for nothing; so do more of them. */
static bool stands_for_nothing(const char *glob) {
    size_t stars;
    while (*glob == '/' && (stars = strspn(glob + 1, "*")) > 1)
        glob += 1 + stars;
    return *glob == '\0';
}

static bool find_fit(struct search *search, size_t at, size_t in) {
    const char *glob = search->glob + at, *text = search->text + in;
    size_t stars = strspn(glob, "*");
    if (*glob == '\0')
        return *text == '\0';
    if (search->word && stars > 0)
        return any_rest(search, at + stars, in, true);
    if (!search->word && *text == '\0' && stands_for_nothing(glob))
        return true;
    if (stars > 1) {
        /* Between two slashes it also stands for nothing, and the slashes for one. */
        if (glob[stars] == '/' && at > 0 && glob[-1] == '/' && fits(search, at + stars + 1, in))
            return true;
        return any_rest(search, at + stars, in, true);
    }
    if (stars == 1)
        return any_rest(search, at + 1, in, false);
    if (*text == '\0')
        return false;
    if (*glob == '?')
        return (search->word || *text != '/') && fits(search, at + 1, in + 1);
    size_t escape = *glob == '\\' && glob[1] != '\0';
    return glob[escape] == *text && fits(search, at + escape + 1, in + 1);
}

static bool fits(struct search *search, size_t at, size_t in) {
    uint8_t *known = &search->known[at][in];
    if (*known == 0)
        *known = find_fit(search, at, in) ? 2 : 1;
    return *known == 2;
}

static bool glob_fits(const char *glob, const char *text, bool word) {
    struct search search = {.glob = glob, .text = text, .word = word};
    return fits(&search, 0, 0);
}

static bool any_fits(const struct list *globs, const char *text, bool word) {
    for (uint32_t i = 0; i < globs->count; i++)
        if (glob_fits(globs->text[i], text, word))
            return true;
    return false;
}

/* ---- rules ---- */

static bool has_type(const uint64_t *types, uint32_t count, uint64_t type) {
    for (uint32_t i = 0; i < count; i++)
        if (types[i] == type)
            return true;
    return false;
}

struct question {
    uint64_t type;
    const char *path, *fstype, *program;
};

/* The best of a list: 0 none, 1 without a list, more for each literal. */
static uint32_t worth_of(const struct list *globs, const char *text, bool word) {
    uint32_t best = globs->count == 0;
    for (uint32_t i = 0; i < globs->count; i++) {
        uint32_t worth = 2 + literals(globs->text[i]);
        if (worth > best && glob_fits(globs->text[i], text, word))
            best = worth;
    }
    return best;
}

/* What a rule is worth: a path counts more than a type, and a longer text than a shorter one. */
static uint32_t worth(const struct rule *rule, const struct question *asked) {
    uint32_t path = worth_of(&rule->paths, asked->path, false), type = 1;
    if (any_fits(&rule->except_paths, asked->path, false))
        return 0;
    switch (rule->kind) {
    case STATFS:
        if (has_type(rule->except_types, rule->except_type_count, asked->type) ||
            (rule->type_count && !has_type(rule->types, rule->type_count, asked->type)))
            return 0;
        type = 1 + (rule->type_count != 0);
        break;
    case MOUNTS:
        if (any_fits(&rule->except_fstypes, asked->fstype, true) ||
            any_fits(&rule->except_programs, asked->program, true))
            return 0;
        type = worth_of(&rule->fstypes, asked->fstype, true);
        break;
    default:
        if (rule->paths.count == 0 || any_fits(&rule->except_programs, asked->program, true))
            return 0;
    }
    return path && type ? path * 1024 + type : 0;
}

/* The number of the rule of a kind that holds, or -1. */
static int try_all(enum kind kind, const struct question *asked) {
    uint32_t best = 0;
    int found = -1;
    for (uint32_t i = 0; i < rule_count; i++) {
        uint32_t found_worth = rules[i].kind == kind ? worth(&rules[i], asked) : 0;
        if (found_worth > best) {
            best = found_worth;
            found = (int)i;
        }
    }
    return found;
}

typedef int32_t add_text(struct spoof_builder *builder, const char *text);

/* What the builder takes belongs to the rule. */
static void take_texts(struct input *input, struct spoof_builder *builder, add_text *add,
                       struct list *to, uint32_t count) {
    for (; count > 0; count--) {
        const char *text = take_text(input, LONGEST);
        if (add(builder, text) == 0)
            to->text[to->count++] = text;
    }
}

static void take_types(struct input *input, struct spoof_builder *builder,
                       int32_t (*add)(struct spoof_builder *, uint64_t), uint64_t *to,
                       uint32_t *count) {
    for (; *count < PARTS && choose(input, 2); (*count)++) {
        to[*count] = choose(input, TYPES);
        add(builder, to[*count]);
    }
}

static void take_statfs(struct input *input, struct spoof_builder *builder, struct rule *rule) {
    take_types(input, builder, spoof_builder_when_type, rule->types, &rule->type_count);
    take_types(input, builder, spoof_builder_except_type, rule->except_types,
               &rule->except_type_count);
    spoof_builder_answer(builder, choose(input, SPOOF_FIELD_COUNT), take(input, 2));
}

static void take_mounts(struct input *input, struct spoof_builder *builder, struct rule *rule) {
    take_texts(input, builder, spoof_builder_when_fstype, &rule->fstypes, choose(input, PARTS));
    take_texts(input, builder, spoof_builder_except_fstype, &rule->except_fstypes,
               choose(input, PARTS));
    spoof_builder_answer_fstype(builder, take_text(input, LONGEST), 7, 0);
}

/* Redirects of files and of trees. */
static void take_file(struct input *input, struct spoof_builder *builder, struct rule *rule) {
    uint32_t settings = choose(input, 8);
    rule->tree = settings & 1;
    spoof_builder_file_option(builder, SPOOF_FILE_TREE, rule->tree);
    spoof_builder_file_option(builder, SPOOF_FILE_PARENTS, settings >> 1 & 1);
    spoof_builder_file_option(builder, SPOOF_FILE_MISSING, settings >> 2);
    spoof_builder_file_bytes(builder, (const uint8_t *)"/told", 5);
}

static void take_rule(struct input *input, struct spoof_builder *builder, struct rule *rule,
                      enum kind kind) {
    uint32_t paths = choose(input, PARTS + 1), excepted = choose(input, PARTS);
    memset(rule, 0, sizeof *rule);
    rule->kind = kind;
    switch (kind) {
    case STATFS:
        spoof_builder_statfs(builder, "statfs");
        take_statfs(input, builder, rule);
        break;
    case MOUNTS:
        spoof_builder_mounts(builder, "mounts");
        take_mounts(input, builder, rule);
        break;
    default:
        spoof_builder_file(builder, "file", SPOOF_FILE_REDIRECT);
        take_file(input, builder, rule);
    }
    take_texts(input, builder, spoof_builder_when_path, &rule->paths, paths);
    take_texts(input, builder, spoof_builder_except_path, &rule->except_paths, excepted);
    if (kind != STATFS)
        take_texts(input, builder, spoof_builder_except_program, &rule->except_programs,
                   choose(input, PARTS));
}

/* ---- the questions ---- */

static void compare_statfs(const uint8_t *blob, const struct question *asked) {
    uint32_t found = 0, without = 0;
    int expected = try_all(STATFS, asked);
    enum match_result result = match_statfs(blob, asked->type, asked->path, &found);
    MUST(result == (expected < 0 ? MATCH_NONE : MATCH_FOUND), "statfs of %s: %d", asked->path,
         result);
    MUST(expected < 0 || found == (uint32_t)expected, "statfs of %s: %u", asked->path, found);
    enum match_result blind = match_statfs(blob, asked->type, NULL, &without);
    if (blind == MATCH_NEEDS_PATH)
        MUST(match_statfs_names_paths(blob), "a path is asked for");
    else
        MUST(blind == result && without == found, "without a path: %d", blind);
}

static void compare_mounts(const uint8_t *blob, const struct question *asked) {
    uint32_t found = UINT32_MAX;
    int expected = try_all(MOUNTS, asked);
    bool holds = match_mounts(blob, asked->fstype, asked->path, asked->program, &found);
    MUST(holds == (expected >= 0) && (!holds || found == (uint32_t)expected),
         "mounts: %s at %s: %d", asked->fstype, asked->path, (int)found);
}

/* No empty parts, none that are `.` or `..`, no slash at the end: a file, not the root. */
static bool is_resolved(const char *path) {
    if (*path != '/')
        return false;
    while (*path == '/') {
        size_t length = strcspn(path + 1, "/");
        if (length == 0 || (path[1] == '.' && (length == 1 || (length == 2 && path[2] == '.'))))
            return false;
        path += 1 + length;
    }
    return true;
}

static void compare_files(const uint8_t *blob, const struct question *asked) {
    const char *path = asked->path;
    uint32_t found = UINT32_MAX, parent;
    match_open(blob, path);
    if (!is_resolved(path))
        return;
    int expected = try_all(FILES, asked);
    bool holds = match_file(blob, path, asked->program, &found);
    MUST(holds == (expected >= 0) && (!holds || found == (uint32_t)expected), "files: %s: %d", path,
         (int)found);
    if (holds && rules[found].tree) {
        const char *rest = match_tree_rest(blob, found, path);
        MUST(rest &&
                 (*rest == '\0' || (*rest == '/' && rest >= path && rest < path + strlen(path))),
             "a tree at %s", path);
    }
    if (holds || match_parent(blob, path, asked->program, &parent))
        MUST(match_open(blob, path) & (MATCH_OPEN_FILE | MATCH_OPEN_TREE), "%s is asked for", path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    struct spoof_builder *builder = spoof_builder_new();
    size_t length;
    struct question asked = {.type = choose(&input, TYPES)};
    asked.path = take_text(&input, LONGEST);
    asked.fstype = take_text(&input, LONGEST);
    asked.program = take_text(&input, LONGEST);
    enum kind kind = STATFS;
    for (rule_count = 0; rule_count < RULES && input.left > 0; rule_count++) {
        uint32_t next = choose(&input, KINDS);
        kind = next > kind ? (enum kind)next : kind;
        take_rule(&input, builder, &rules[rule_count], kind);
    }
    const uint8_t *blob = built(builder, &length);
    if (blob && *asked.path == '/') {
        compare_statfs(blob, &asked);
        compare_mounts(blob, &asked);
        compare_files(blob, &asked);
    }
    end_input();
    return 0;
}
