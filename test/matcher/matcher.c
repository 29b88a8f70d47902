/* matcher.c - the glob matcher and the one of statfs rules against those that try everything, and
 * the blob check against damaged blobs.
 * Built with ASan and UBSan together with csrc/policy; prints one line a check and its seed.
 * usage: matcher SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/policy/blob.h"
#include "../../csrc/policy/glob.h"
#include "../../csrc/policy/match.h"
#include "policy.h"

static bool only_slash_stars(const char *glob) {
    while (strncmp(glob, "/**", 3) == 0)
        glob += 1 + strspn(glob + 1, "*");
    return *glob == '\0';
}

/* What the words of spoof.h say, by trying everything. */
static bool naive(const char *start, const char *glob, const char *path) {
    if (*glob == '\0')
        return *path == '\0';
    if (*path == '\0' && only_slash_stars(glob))
        return true;
    if (glob[0] == '*' && glob[1] == '*') {
        const char *after = glob;
        while (*after == '*')
            after++;
        if (*after == '/' && glob > start && glob[-1] == '/' && naive(start, after + 1, path))
            return true;
        for (const char *rest = path;; rest++) {
            if (naive(start, after, rest))
                return true;
            if (*rest == '\0')
                return false;
        }
    }
    if (*glob == '*') {
        for (const char *rest = path;; rest++) {
            if (naive(start, glob + 1, rest))
                return true;
            if (*rest == '\0' || *rest == '/')
                return false;
        }
    }
    if (*path == '\0')
        return false;
    if (*glob == '?')
        return *path != '/' && naive(start, glob + 1, path + 1);
    if (*glob == '\\' && glob[1] != '\0')
        glob++;
    return *glob == *path && naive(start, glob + 1, path + 1);
}

static void random_text(char *text, size_t longest, const char *alphabet) {
    size_t length = draw((uint32_t)longest), count = strlen(alphabet);
    text[0] = '/';
    for (size_t i = 1; i <= length; i++)
        text[i] = alphabet[draw((uint32_t)count)];
    text[length + 1] = '\0';
}

static int compare_globs(void) {
    char glob[32], path[32];
    unsigned matches = 0;
    for (int i = 0; i < 300000; i++) {
        random_text(glob, 9, "ab/**?*\\");
        if (draw(8) == 0)
            strcat(glob, "/**/**");
        random_text(path, 9, "ab/");
        bool expected = naive(glob, glob, path);
        matches += expected;
        if (glob_match(glob, path) != expected) {
            printf("globs: %s on %s gives %d\n", glob, path, !expected);
            return 1;
        }
    }
    printf("globs: 300000 compared, %s\n", matches > 1000 ? "many match" : "too few match");
    return 0;
}

/* `*` and `?` stand for any bytes here. */
static bool naive_word(const char *glob, const char *text) {
    if (*glob == '\0')
        return *text == '\0';
    if (*glob == '*')
        return naive_word(glob + 1, text) || (*text != '\0' && naive_word(glob, text + 1));
    if (*text == '\0')
        return false;
    if (*glob == '?')
        return naive_word(glob + 1, text + 1);
    if (*glob == '\\' && glob[1] != '\0')
        glob++;
    return *glob == *text && naive_word(glob + 1, text + 1);
}

static int compare_words(void) {
    char glob[32], text[32];
    unsigned matches = 0;
    for (int i = 0; i < 300000; i++) {
        random_text(glob, 9, "ab/*?*\\");
        random_text(text, 9, "ab/*\\");
        bool expected = naive_word(glob + 1, text + 1);
        matches += expected;
        if (word_match(glob + 1, text + 1) != expected) {
            printf("words: %s on %s gives %d\n", glob + 1, text + 1, !expected);
            return 1;
        }
    }
    printf("words: 300000 compared, %s\n", matches > 1000 ? "many match" : "too few match");
    return 0;
}

static void add_mounts(struct spoof_builder *builder) {
    static const char *const types[] = {"9p", "fuse.*", "*", "ext?", "x"};
    char glob[32];
    for (int i = 0; i < 20; i++) {
        spoof_builder_mounts(builder, "mounts");
        for (uint32_t n = draw(3); n > 0; n--)
            spoof_builder_when_fstype(builder, types[draw(5)]);
        for (uint32_t n = draw(3); n > 0; n--) {
            random_text(glob, 8, "ab/**?");
            spoof_builder_when_path(builder, glob);
        }
        if (draw(3) == 0)
            spoof_builder_except_fstype(builder, types[draw(5)]);
        if (draw(3) == 0)
            spoof_builder_except_program(builder, "sys*");
        if (draw(3) == 0)
            spoof_builder_except_path(builder, "/a/**");
        if (draw(4) != 0)
            spoof_builder_answer_fstype(builder, "ext4", 0xef53, 0);
        if (draw(4) == 0)
            spoof_builder_answer_shared(builder, 1 + draw(9));
        if (draw(4) == 0)
            spoof_builder_answer_source(builder, "/dev/vda1");
    }
}

#define MANY 300

/* A statfs rule as it was told, for the matcher that tries everything. */
struct statfs_rule {
    uint64_t types[3], except_type;
    char globs[2][64];
    uint32_t type_count, glob_count;
    bool has_except_type, has_except_glob;
};

static struct statfs_rule rules[MANY];
static uint32_t rule_count;

/* Short ones of any form, or longer ones of parts that many have in common. */
static void random_glob(char *glob) {
    static const char *const parts[] = {"a", "b",  "ab", "abb", "a",  "b",
                                        "*", "**", "a*", "?b",  "\\a"};
    if (draw(2)) {
        random_text(glob, 8, "ab/**?\\");
        return;
    }
    glob[0] = '\0';
    for (uint32_t n = draw(6) + 1; n > 0; n--)
        strcat(strcat(glob, "/"), parts[draw(sizeof parts / sizeof *parts)]);
}

static void add_statfs(struct spoof_builder *builder, struct statfs_rule *rule) {
    rule->type_count = draw(4);
    rule->glob_count = draw(3);
    rule->has_except_type = draw(3) == 0;
    rule->has_except_glob = draw(3) == 0;
    rule->except_type = draw(12);
    for (uint32_t i = 0; i < rule->type_count; i++)
        spoof_builder_when_type(builder, rule->types[i] = draw(12));
    for (uint32_t i = 0; i < rule->glob_count; i++) {
        random_glob(rule->globs[i]);
        spoof_builder_when_path(builder, rule->globs[i]);
    }
    if (rule->has_except_type)
        spoof_builder_except_type(builder, rule->except_type);
    if (rule->has_except_glob)
        spoof_builder_except_path(builder, "/a/**");
}

static uint8_t *make_blob(uint32_t statfs_rules, size_t *length) {
    struct spoof_builder *builder = spoof_builder_new();
    rule_count = statfs_rules;
    for (uint32_t i = 0; i < rule_count; i++) {
        char name[24];
        snprintf(name, sizeof name, "rule-%u", i);
        spoof_builder_statfs(builder, name);
        add_statfs(builder, &rules[i]);
        spoof_builder_answer(builder, SPOOF_FIELD_TYPE, i);
    }
    if (draw(2) == 0)
        add_mounts(builder);
    if (draw(2) == 0) {
        spoof_builder_uname(builder, "uname");
        spoof_builder_answer_uname(builder, SPOOF_UNAME_RELEASE, "6.1.0");
    }
    return finish_blob(builder, length);
}

/* What a rule is worth for a call: the more the better, 0: it does not hold. */
static uint32_t worth(const struct statfs_rule *rule, uint64_t type, const char *path) {
    uint32_t best = rule->glob_count == 0;
    bool typed = rule->type_count == 0;
    for (uint32_t i = 0; i < rule->type_count; i++)
        typed |= rule->types[i] == type;
    if (!typed || (rule->has_except_type && rule->except_type == type) ||
        (rule->has_except_glob && glob_match("/a/**", path)))
        return 0;
    for (uint32_t i = 0; i < rule->glob_count; i++) {
        uint32_t found = 2 + (uint32_t)literals(rule->globs[i]);
        if (found > best && glob_match(rule->globs[i], path))
            best = found;
    }
    return best ? best * 2 + (rule->type_count != 0) : 0;
}

static enum match_result try_all(uint64_t type, const char *path, uint32_t *number) {
    uint32_t best = 0;
    for (uint32_t i = 0; i < rule_count; i++) {
        uint32_t found = worth(&rules[i], type, path);
        if (found > best) {
            best = found;
            *number = i;
        }
    }
    return best ? MATCH_FOUND : MATCH_NONE;
}

/* Of an unknown path: only if no rule that could win asks for it. */
static bool try_all_asks(uint64_t type) {
    uint32_t found, best = 0;
    bool asks = false;
    for (uint32_t i = 0; i < rule_count; i++) {
        struct statfs_rule rule = rules[i];
        rule.has_except_glob = false;
        rule.has_except_type = rule.has_except_type && rule.glob_count == 0;
        if (rule.glob_count != 0) {
            rule.glob_count = 0;
            if (worth(&rule, type, "/"))
                return true; /* a path beats none */
        }
        found = worth(&rule, type, "/");
        if (found > best) {
            /* One with an exception does not stand in the way of the next one. */
            asks = rules[i].has_except_glob;
            best = found;
        }
    }
    return asks;
}

static int compare_statfs(void) {
    unsigned found = 0, asked = 0;
    for (int i = 0; i < 400; i++) {
        size_t length;
        uint8_t *blob = make_blob(i % 4 ? draw(12) : MANY, &length);
        for (int k = 0; k < 200; k++) {
            char path[64];
            uint32_t expected = 0, number = 0;
            uint64_t type = draw(14);
            random_text(path, 9, draw(2) ? "ab/" : "abba/\\*");
            enum match_result result = try_all(type, path, &expected);
            if (match_statfs(blob, type, path, &number) != result || number != expected) {
                printf("statfs: %s is found by %u, not %u\n", path, number, expected);
                return 1;
            }
            found += result == MATCH_FOUND;
            result = match_statfs(blob, type, NULL, &number);
            if ((result == MATCH_NEEDS_PATH) != try_all_asks(type) ||
                (result == MATCH_FOUND && number != expected) ||
                (result == MATCH_NEEDS_PATH && !match_statfs_names_paths(blob))) {
                printf("statfs: type %u without a path gives %d\n", (unsigned)type, result);
                return 1;
            }
            asked += result == MATCH_NEEDS_PATH;
        }
        free(blob);
    }
    printf("statfs: 80000 compared, %s hold, %s need a path\n", found > 10000 ? "many" : "few",
           asked > 10000 && asked < 75000 ? "many" : "few");
    return 0;
}

/* Every byte of a text that may be NULL, for ASan to see. */
static void read_text(const char *text) {
    static volatile size_t sum;
    sum += text ? strlen(text) : 0;
}

static void ask(const uint8_t *blob) {
    char path[32];
    uint32_t rule = 0;
    for (uint64_t type = 0; type < 14; type++) {
        random_text(path, 9, "ab/");
        match_statfs(blob, type, NULL, &rule);
        match_statfs(blob, type, path, &rule);
        match_mounts(blob, type % 2 ? "9p" : "ext4", path, type % 3 ? "systemd" : NULL, &rule);
        if (match_mounts(blob, "fuse.x", type % 2 ? path : NULL, NULL, &rule))
            read_text(blob_text(blob, blob_mounts_rule(blob, rule)->fstype));
    }
    for (uint32_t number = 0; number < blob_rule_count(blob) && number < 100; number++)
        read_text(blob_rule_name(blob, number));
    const struct blob_uname_rule *names = blob_uname_rule(blob);
    for (int field = 0; names && field < SPOOF_UNAME_COUNT; field++)
        read_text(blob_text(blob, names->text[field]));
}

/* Starts that lead to themselves, on, or in circles, and starts out of order: all refused. */
static int damage_starts(void) {
    size_t length;
    uint8_t *blob = make_blob(MANY, &length);
    const struct blob_list list = blob_header(blob)->any_type;
    struct blob_start *start = (void *)(blob + list.offset);
    unsigned wrong = list.count < 2;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct blob_start kept = start[i];
        start[i].shorter = i + 1 + draw(3);
        wrong += blob_check(blob, length) == NULL;
        start[i] = kept;
        if (i == 0)
            continue;
        start[i].text = start[i - 1].text;
        start[i].length = start[i - 1].length;
        wrong += blob_check(blob, length) == NULL;
        start[i] = kept;
    }
    wrong += blob_check(blob, length) != NULL;
    free(blob);
    printf("starts: %s wrong one is taken\n", wrong ? "a" : "no");
    return wrong != 0;
}

/* Damaged in one to four bytes, or cut: refused, or harmless to ask. */
static int damage_blobs(void) {
    unsigned refused = 0, asked = 0;
    for (int i = 0; i < 200; i++) {
        size_t length;
        uint8_t *blob = make_blob(40, &length);
        if (blob_check(blob, length) != NULL) {
            printf("blobs: a sound one is refused: %s\n", blob_check(blob, length));
            return 1;
        }
        ask(blob);
        for (int k = 0; k < 200; k++) {
            size_t kept = draw(20) == 0 ? draw((uint32_t)length) : length;
            uint8_t *copy = malloc(kept ? kept : 1); /* ASan guards both ends */
            memcpy(copy, blob, kept);
            for (uint32_t n = draw(4) + 1; n > 0 && kept > 0; n--)
                copy[draw((uint32_t)kept)] ^= (uint8_t)(1U << draw(8));
            if (blob_check(copy, kept) == NULL) {
                ask(copy);
                asked++;
            } else {
                refused++;
            }
            free(copy);
        }
        free(blob);
    }
    printf("blobs: %s refused, %s asked\n", refused > 100 ? "many" : "few",
           asked > 100 ? "many" : "few");
    return 0;
}

/* Nanoseconds of one question to a policy with this many rules that do not match. */
static double ask_many(uint32_t count) {
    struct spoof_builder *builder = spoof_builder_new();
    char glob[64];
    uint32_t number = 0, bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        spoof_builder_statfs(builder, "rule");
        if (i % 2)
            spoof_builder_when_type(builder, 1);
        snprintf(glob, sizeof glob, i % 4 < 2 ? "/srv/t%u/**" : "/usr/share/%u*", i);
        spoof_builder_when_path(builder, glob);
    }
    size_t length;
    uint8_t *blob = finish_blob(builder, &length);
    double start = processor_time();
    for (int i = 0; i < 5000; i++)
        bits |= match_statfs(blob, 1, i % 2 ? "/usr/share" : "/srv/t/x/y", &number);
    double end = processor_time();
    if (bits != MATCH_NONE || match_statfs(blob, 2, "/srv/t4", &number) != MATCH_FOUND ||
        match_statfs(blob, 1, "/usr/share/7x", &number) != MATCH_FOUND || number != 7) {
        printf("statfs: wrong answers of a large policy\n");
        exit(1);
    }
    free(blob);
    return (end - start) / 5000;
}

static int compare_times(void) {
    double few = ask_many(10), many = ask_many(10000);
    fprintf(stderr, "%.0f ns with 10 rules, %.0f ns with 10000\n", few, many);
    printf("statfs: ten thousand rules take %s\n",
           many < few * 5 + 20000 ? "hardly longer" : "longer");
    return 0;
}

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    return compare_globs() | compare_words() | compare_statfs() | damage_starts() | damage_blobs() |
           compare_times();
}
