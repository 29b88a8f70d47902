/* files.c - files rules at random: the matcher by tails against one that tries everything, and the
 * cheap question, which must never say no to a path that a rule names.
 * Built with ASan and UBSan together with csrc/policy and csrc/content. usage: files SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/policy/blob.h"
#include "../../csrc/policy/glob.h"
#include "../../csrc/policy/match.h"
#include "policy.h"

#define RULES 12
#define GLOBS 3

static void random_path(char *path, const char *alphabet, uint32_t longest) {
    size_t length = 1;
    path[0] = '/';
    for (uint32_t n = draw(longest); n > 0; n--)
        path[length++] = alphabet[draw((uint32_t)strlen(alphabet))];
    path[length] = '\0';
}

/* As paths are when they are resolved: no empty parts, no slash at the end. */
static void resolved_path(char *path) {
    size_t out = 0;
    random_path(path, "aab//", 8);
    for (char *at = path; *at; at++)
        if (*at != '/' || (at[1] != '/' && (at[1] != '\0' || out == 0)))
            path[out++] = *at;
    path[out ? out : 1] = '\0';
}

struct rule {
    char globs[GLOBS][16];
    uint32_t count;
    bool excepted, parents;
};

static struct rule rules[RULES];

static uint8_t *make_policy(size_t *length) {
    struct spoof_builder *builder = spoof_builder_new();
    spoof_builder_statfs(builder, "before");
    spoof_builder_mounts(builder, "before");
    for (struct rule *rule = rules; rule < rules + RULES; rule++) {
        spoof_builder_file(builder, "file", SPOOF_FILE_CONTENT);
        rule->count = draw(GLOBS) + 1;
        for (uint32_t i = 0; i < rule->count; i++) {
            random_path(rule->globs[i], draw(3) ? "aab//" : "ab/**?\\", 9);
            spoof_builder_when_path(builder, rule->globs[i]);
        }
        rule->excepted = draw(4) == 0;
        if (rule->excepted)
            spoof_builder_except_path(builder, "/a/**");
        rule->parents = draw(4) == 0;
        spoof_builder_file_option(builder, SPOOF_FILE_PARENTS, rule->parents);
        if (draw(4) == 0)
            spoof_builder_except_program(builder, "never");
        spoof_builder_file_bytes(builder, (const uint8_t *)"x", draw(2));
    }
    spoof_builder_uname(builder, "after");
    uint8_t *blob = finish_blob(builder, length);
    if (blob_check(blob, *length) != NULL) {
        printf("files: a sound blob is refused: %s\n", blob_check(blob, *length));
        exit(1);
    }
    return blob;
}

/* How many literal bytes the best rule has, or -1, and which one it is. */
static int naive(const char *path, uint32_t *found) {
    int best = -1;
    for (uint32_t r = 0; r < RULES; r++) {
        if (rules[r].excepted && glob_match("/a/**", path))
            continue;
        for (uint32_t i = 0; i < rules[r].count; i++) {
            if (literals(rules[r].globs[i]) > best && glob_match(rules[r].globs[i], path)) {
                best = literals(rules[r].globs[i]);
                *found = r;
            }
        }
    }
    return best;
}

/* Other ways to write a resolved path: doubled slashes, parts that are `.`, a slash at the end,
 * from a directory that does not show. */
static const char *spelled(const char *path, char *to) {
    size_t out = 0;
    for (const char *at = path; *at; at++) {
        to[out++] = *at;
        if (*at != '/')
            continue;
        for (uint32_t n = draw(3) ? 0 : draw(3); n > 0; n--) {
            if (draw(2))
                to[out++] = '.';
            to[out++] = '/';
        }
    }
    if (draw(4) == 0)
        to[out++] = '/';
    to[out] = '\0';
    const char *last = strrchr(path, '/');
    switch (draw(6)) {
    case 0:
        return last[1] ? strcpy(to, last + 1) : to;
    case 1:
        return last[1] ? strcat(strcpy(to, "../../b/."), last) : to;
    case 2:
        return last[1] ? strcat(strcpy(to, "/b/../"), path) : to;
    default:
        return to;
    }
}

/* The best of all candidates of a list, whatever they begin with. */
static const struct blob_candidate *best_of(const uint8_t *blob, struct blob_list starts,
                                            bool parent, const char *path,
                                            const struct blob_candidate *best) {
    const struct blob_start *start = blob_at(blob, starts.offset);
    for (const struct blob_start *end = start + starts.count; start < end; start++) {
        const struct blob_candidate *candidate = blob_at(blob, start->candidates.offset);
        for (uint32_t i = 0; i < start->candidates.count; i++, candidate++)
            if ((candidate->parent != 0) == parent && (!best || candidate->rank < best->rank) &&
                glob_match(blob_at(blob, candidate->glob), path) &&
                !(rules[candidate->rule].excepted && glob_match("/a/**", path)))
                best = candidate;
    }
    return best;
}

/* The number of the rule that match_file() or match_parent() has to find, or -1. */
static int try_all(const uint8_t *blob, bool parent, const char *path) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_tail *tails = blob_at(blob, header->file_tails.offset);
    const struct blob_candidate *best = best_of(blob, header->file_any_tail, parent, path, NULL);
    for (uint32_t i = 0; i < header->file_tails.count; i++)
        best = best_of(blob, tails[i].starts, parent, path, best);
    return best ? (int)(blob_first_file(blob) + best->rule) : -1;
}

static int compare(const uint8_t *blob, unsigned *held) {
    char path[16], other[64];
    uint32_t number = 0, expected = 0;
    resolved_path(path);
    bool found = match_file(blob, path, "program", &number);
    if (found != (naive(path, &expected) >= 0) || (found && number != expected + 2)) {
        printf("files: %s is found by %d, not %d\n", path, found ? (int)number - 2 : -1,
               (int)expected);
        return 1;
    }
    *held += found;
    bool invented = match_parent(blob, path, "program", &number);
    if ((invented ? (int)number : -1) != try_all(blob, true, path) ||
        (found ? (int)expected + 2 : -1) != try_all(blob, false, path)) {
        printf("files: of all candidates for %s another one is the best\n", path);
        return 1;
    }
    const char *spelling = path[1] ? spelled(path, other) : path; /* a file is never the root */
    if ((found || invented) &&
        !(match_open(blob, spelling) & (MATCH_OPEN_FILE | MATCH_OPEN_TREE))) {
        printf("files: %s, a way to write %s, is not asked for\n", spelling, path);
        return 1;
    }
    return 0;
}

static int compare_all(void) {
    unsigned held = 0, quiet = 0;
    for (int i = 0; i < 1500; i++) {
        size_t length;
        uint8_t *blob = make_policy(&length);
        char path[64];
        for (int k = 0; k < 200; k++)
            if (compare(blob, &held) != 0)
                return 1;
        random_path(path, "abcd/.", 20);
        quiet += match_open(blob, path) == 0;
        free(blob);
    }
    printf("files: 300000 compared, %s hold, %s need no look\n", held > 10000 ? "many" : "few",
           quiet > 100 ? "many" : "few");
    return 0;
}

/* Everything of rules that a supervisor may read. */
static void ask(const uint8_t *blob) {
    char path[16];
    uint32_t rule = 0;
    volatile size_t sum = 0;
    for (int i = 0; i < 12; i++) {
        resolved_path(path);
        match_open(blob, path);
        match_open(blob, path + 1);
        match_parent(blob, path, "program", &rule);
        if (!match_file(blob, path, "program", &rule))
            continue;
        const struct blob_file_rule *file = blob_file_rule(blob, rule);
        const struct blob_rewrite *rewrites = blob_at(blob, file->rewrites.offset);
        const char *rest = match_tree_rest(blob, rule, path);
        sum += rest ? strlen(rest) : 0;
        for (uint32_t k = 0; k < file->rewrites.count; k++)
            sum += strlen(blob_at(blob, rewrites[k].pattern)) +
                   strlen(blob_at(blob, rewrites[k].replacement));
        if (file->kind != SPOOF_FILE_REWRITE)
            sum += strlen(blob_at(blob, file->bytes.offset));
    }
}

static int damage(void) {
    unsigned refused = 0, asked = 0;
    for (int i = 0; i < 100; i++) {
        size_t length;
        uint8_t *blob = make_policy(&length);
        for (int k = 0; k < 200; k++) {
            uint8_t *copy = malloc(length); /* ASan guards both ends */
            memcpy(copy, blob, length);
            for (uint32_t n = draw(4) + 1; n > 0; n--)
                copy[draw((uint32_t)length)] ^= (uint8_t)(1U << draw(8));
            if (blob_check(copy, length) == NULL) {
                ask(copy);
                asked++;
            } else {
                refused++;
            }
            free(copy);
        }
        free(blob);
    }
    printf("files: %s damaged blobs refused, %s asked\n", refused > 100 ? "many" : "few",
           asked > 100 ? "many" : "few");
    return 0;
}

/* Nanoseconds of one cheap question to a policy with this many plainly named files and trees. */
static double ask_many(uint32_t count) {
    struct spoof_builder *builder = spoof_builder_new();
    char path[64];
    for (uint32_t i = 0; i < count; i++) {
        spoof_builder_file(builder, "file", SPOOF_FILE_CONTENT);
        snprintf(path, sizeof path, "/sys/fs/cgroup/part-%u/file-%u", i, i);
        spoof_builder_when_path(builder, path);
        snprintf(path, sizeof path, "/srv/tree-%u/**", i);
        spoof_builder_when_path(builder, path);
        spoof_builder_file_bytes(builder, (const uint8_t *)"x", 1);
    }
    size_t length;
    uint8_t *blob = finish_blob(builder, &length);
    uint32_t bits = 0;
    double start = processor_time();
    for (int i = 0; i < 20000; i++)
        bits |= match_open(blob, i % 2 ? "/usr/lib/x86_64-linux-gnu/libc.so.6" : "/srv/tree/x");
    double end = processor_time();
    bool wrong = bits != 0 || match_open(blob, "/a/file-7") != MATCH_OPEN_FILE ||
                 match_open(blob, "/srv/tree-7/x") != MATCH_OPEN_TREE;
    free(blob);
    if (wrong) {
        printf("files: wrong answers of a large policy\n");
        exit(1);
    }
    return (end - start) / 20000;
}

/* Nanoseconds of one search, where this many rules name a file of the same name, or wildcards. */
static double find_many(uint32_t count) {
    struct spoof_builder *builder = spoof_builder_new();
    char path[64];
    for (uint32_t i = 0; i < count; i++) {
        spoof_builder_file(builder, "file", SPOOF_FILE_CONTENT);
        snprintf(path, sizeof path, "/a/b-%u/config", i);
        spoof_builder_when_path(builder, path);
        snprintf(path, sizeof path, "/srv/tree-%u/*.conf", i);
        spoof_builder_when_path(builder, path);
        spoof_builder_file_option(builder, SPOOF_FILE_PARENTS, 1);
        spoof_builder_file_bytes(builder, (const uint8_t *)"x", 1);
    }
    size_t length;
    uint8_t *blob = finish_blob(builder, &length);
    static const char *const paths[] = {"/a/b/config", "/a", "/srv/tree-1x/c.conf", "/config"};
    uint32_t rule = 0;
    bool wrong = false;
    double start = processor_time();
    for (int i = 0; i < 5000; i++)
        wrong |= match_file(blob, paths[i % 4], NULL, &rule);
    double end = processor_time();
    wrong |= !match_file(blob, "/a/b-7/config", NULL, &rule) || rule != 7 ||
             !match_file(blob, "/srv/tree-8/x.conf", NULL, &rule) || rule != 8 ||
             !match_parent(blob, "/a/b-9", NULL, &rule) || rule != 9;
    free(blob);
    if (wrong) {
        printf("files: wrong rules of a large policy\n");
        exit(1);
    }
    return (end - start) / 5000;
}

static bool same(const char *text, const char *expected) {
    return text == expected || (text && expected && strcmp(text, expected) == 0);
}

static int wrong(const char *what, const char *path) {
    printf("files: %s of %s is wrong\n", what, path);
    return 1;
}

/* The rest of a path below a tree, and the directories that a rule invents. */
static int rests_and_parents(void) {
    static const struct {
        const char *path;
        uint32_t rule; /* 9: none */
        const char *rest;
        uint32_t parent;
        uint32_t bits;
    } cases[] = {
        {"/data", 0, "", 9, MATCH_OPEN_TREE},
        {"/data/x/y", 0, "/x/y", 9, MATCH_OPEN_TREE},
        {"/database", 9, NULL, 9, 0},
        {"/home/me/own", 0, "", 9, MATCH_OPEN_TREE},
        {"/home/me/own/a", 0, "/a", 9, MATCH_OPEN_TREE},
        {"/home/me/other", 9, NULL, 9, MATCH_OPEN_TREE},
        {"/v/w/file", 1, NULL, 9, MATCH_OPEN_FILE},
        {"/v/w", 9, NULL, 1, MATCH_OPEN_FILE},
        {"/v", 9, NULL, 1, MATCH_OPEN_FILE},
        {"/w", 9, NULL, 9, MATCH_OPEN_FILE},
        {"/", 9, NULL, 9, 0},
        {"/v/w/file/x", 9, NULL, 9, 0},
        {"//v/./w//file/", 9, NULL, 9, MATCH_OPEN_FILE},
        {"/./data", 9, NULL, 9, MATCH_OPEN_TREE},
        {"/x/../data", 9, NULL, 9, MATCH_OPEN_TREE},
        {"/x/..", 9, NULL, 9, MATCH_OPEN_TREE},
        {"/x/..data", 9, NULL, 9, 0},
        {"x", 9, NULL, 9, MATCH_OPEN_TREE},
        {"", 9, NULL, 9, 0},
        {"/proc/self/mountinfo", 9, NULL, 9, MATCH_OPEN_MOUNT_TABLE},
        {"/etc/mtab/", 9, NULL, 9, MATCH_OPEN_MOUNT_TABLE},
        {"/etc/mounts/x", 9, NULL, 9, 0},
        {"/etc/mountsx", 9, NULL, 9, 0},
    };
    struct spoof_builder *builder = spoof_builder_new();
    spoof_builder_mounts(builder, "mounts");
    spoof_builder_file(builder, "tree", SPOOF_FILE_REDIRECT);
    spoof_builder_when_path(builder, "/data/**");
    spoof_builder_when_path(builder, "/home/*/own/**");
    spoof_builder_file_option(builder, SPOOF_FILE_TREE, 1);
    spoof_builder_file_bytes(builder, (const uint8_t *)"/target", 7);
    spoof_builder_file(builder, "virtual", SPOOF_FILE_CONTENT);
    spoof_builder_when_path(builder, "/v/w/file");
    spoof_builder_file_option(builder, SPOOF_FILE_PARENTS, 1);
    spoof_builder_file_option(builder, SPOOF_FILE_WRITES, SPOOF_WRITES_KEEP);
    spoof_builder_file_bytes(builder, (const uint8_t *)"text", 4);
    size_t length;
    uint8_t *blob = finish_blob(builder, &length);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = cases[i].path;
        uint32_t rule = 10, parent = 10;
        if (!match_file(blob, path, NULL, &rule))
            rule = 10;
        if (!match_parent(blob, path, NULL, &parent))
            parent = 10;
        if (rule - 1 != cases[i].rule || parent - 1 != cases[i].parent)
            return wrong("the rule", path);
        if (rule == 1 && !same(match_tree_rest(blob, rule, path), cases[i].rest))
            return wrong("the rest", path);
        if (match_open(blob, path) != cases[i].bits)
            return wrong("the cheap question", path);
    }
    const struct blob_file_rule *file = blob_file_rule(blob, 2);
    if (file->mode != 0644 || file->flags != BLOB_FILE_PARENTS || file->bytes.count != 4 ||
        blob_file_rule(blob, 1)->mode != 0444 || !same(blob_rule_name(blob, 2), "virtual") ||
        blob_header(blob)->calls != (SPOOF_CALLS_FSTATFS | SPOOF_CALLS_OPEN | SPOOF_CALLS_PATHS))
        return wrong("what is told", "rules");
    free(blob);
    printf("files: rests and parents are right\n");
    return 0;
}

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    if (rests_and_parents() != 0 || compare_all() != 0 || damage() != 0)
        return 1;
    double few = ask_many(10), many = ask_many(10000);
    fprintf(stderr, "%.0f ns with 10 rules, %.0f ns with 10000\n", few, many);
    printf("files: ten thousand rules take %s\n",
           many < few * 5 + 20000 ? "hardly longer" : "longer");
    few = find_many(10), many = find_many(10000);
    fprintf(stderr, "%.0f ns with 10 namesakes, %.0f ns with 10000\n", few, many);
    printf("files: ten thousand namesakes take %s\n",
           many < few * 5 + 20000 ? "hardly longer" : "longer");
    return 0;
}
