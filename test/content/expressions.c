/* expressions.c - regular expressions: the same matches as regexec(3), and bounds that hostile ones
 * do not get over. Built with ASan and UBSan. usage: expressions SEED */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/content/expression.h"
#include "../support/draw.h"

/* Appends a random expression. */
static void make(char *to, int depth) {
    static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]", "[[:alpha:]]"};
    static const char *const repetitions[] = {"*", "+", "?", "{2}", "{0,2}", "{1,}", "{2,3}"};
    for (uint32_t i = draw(3) + 1; i > 0; i--) {
        if (depth < 3 && draw(3) == 0) {
            strcat(to, "(");
            make(to, depth + 1);
            if (draw(2)) {
                strcat(to, "|");
                make(to, depth + 1);
            }
            strcat(to, ")");
        } else {
            strcat(to, atoms[draw(7)]);
        }
        if (draw(3) == 0)
            strcat(to, repetitions[draw(7)]);
    }
}

/* Where a match lies, of the whole; which of equally good ways groups went is another matter. */
static int same(const char *pattern) {
    regex_t theirs;
    struct expression *ours = NULL;
    int result = 0;
    if (expression_compile(pattern, &ours) != 0 ||
        regcomp(&theirs, pattern, REG_EXTENDED) != 0) {
        printf("expressions: %s is refused\n", pattern);
        return 1;
    }
    for (int i = 0; i < 8 && result == 0; i++) {
        char *text = malloc(16);
        size_t length = draw(15);
        for (size_t k = 0; k < length; k++)
            text[k] = "abcd"[draw(4)];
        text[length] = '\0';
        regmatch_t match;
        struct expression_match found[EXPRESSION_GROUPS];
        uint64_t steps = 1 << 20;
        bool expected = regexec(&theirs, text, 1, &match, 0) == 0;
        unsigned wanted = draw(2) ? EXPRESSION_GROUPS : 1;
        int got = expression_search(ours, text, length, 0, found, wanted, &steps);
        if (got != expected || (expected && (found[0].start != (size_t)match.rm_so ||
                                             found[0].end != (size_t)match.rm_eo))) {
            printf("expressions: %s in %s: %d\n", pattern, text, got);
            result = 1;
        }
        free(text);
    }
    regfree(&theirs);
    expression_free(ours);
    return result;
}

static int as_regexec(void) {
    for (int i = 0; i < 4000; i++) {
        char pattern[4096] = "";
        make(pattern, 0);
        if (draw(4) == 0) {
            strcat(pattern, "|");
            make(pattern, 0);
        }
        /* regcomp(3) takes seconds for some that are longer. */
        if (strlen(pattern) < 40 && same(pattern) != 0)
            return 1;
    }
    static const char *const anchored[] = {"^a",    "a$",     "^$",      "^",     "$",  "^a|b$",
                                           "\\bab", "a\\B",   "\\<a\\>", "(^a)b", "^(a|b)*$",
                                           "a^b",   "[]abc]", "[^]a]",   "[a-c]", "a{,2}b", "()a"};
    for (size_t i = 0; i < sizeof anchored / sizeof *anchored; i++)
        if (same(anchored[i]) != 0)
            return 1;
    printf("expressions: as regexec(3) says\n");
    return 0;
}

/* A set in brackets is one here if it is one there, and then has the same bytes. */
static int same_set(const char *pattern) {
    regex_t theirs;
    struct expression *ours;
    const bool expected = regcomp(&theirs, pattern, REG_EXTENDED) == 0;
    const bool is_one = expression_compile(pattern, &ours) == 0;
    bool same = expected == is_one;
    for (const char *byte = "abcel-^][:._+="; same && is_one && *byte; byte++) {
        const char text[] = {*byte, '\0'};
        struct expression_match found;
        uint64_t steps = 1000;
        same = expression_search(ours, text, 1, 0, &found, 1, &steps) ==
               (regexec(&theirs, text, 0, NULL, 0) == 0);
    }
    if (expected)
        regfree(&theirs);
    if (is_one)
        expression_free(ours);
    if (!same)
        printf("expressions: %s is another set\n", pattern);
    return same ? 0 : 1;
}

/* Every set of so many parts more: ranges have more ends than one thinks of. */
static int same_sets(const char *begin, int parts) {
    static const char *const all[] = {"a",     "-",     "^",      "]", "[:alpha:]",
                                      "[.c.]", "[=b=]", "alpha:", "[", "="};
    char pattern[64];
    snprintf(pattern, sizeof pattern, "%s]", begin);
    if (same_set(pattern) != 0)
        return 1;
    for (size_t i = 0; parts > 0 && i < sizeof all / sizeof *all; i++) {
        snprintf(pattern, sizeof pattern, "%s%s", begin, all[i]);
        if (same_sets(pattern, parts - 1) != 0)
            return 1;
    }
    return 0;
}

static char *repeated(const char *text, int times) {
    char *all = calloc(strlen(text) * (size_t)times + 1, 1);
    for (int i = 0; i < times; i++)
        memcpy(all + strlen(text) * (size_t)i, text, strlen(text));
    return all;
}

/* What would be too large is refused before it is. */
static int compiling(void) {
    static const struct {
        const char *pattern;
        int error;
    } cases[] = {
        {"((a{1,100}){1,100}){1,100}", -E2BIG}, {"a{32767}", -E2BIG},  {"a{32768}", -E2BIG},
        {"(a{1,2000}|b){1,2000}", -E2BIG},      {"(a*)*b", 0},         {"((((a*)*)*)*)*", 0},
        {"(a|aa)+$", 0},                        {"a{1,2000}", 0},      {"(", -EINVAL},
        {"[", -EINVAL},                         {"[[:alph:]]", -EINVAL}, {"[b-a]", -EINVAL},
        {"a{2", -EINVAL},                       {"a{2,1}", -EINVAL},   {"*a", -EINVAL},
        {"^*", -EINVAL},                        {"\\1", -EINVAL},      {"(a)\\1", -EINVAL},
        {"\\", -EINVAL},                        {"", -EINVAL},         {"(){1,30000}", -E2BIG},
        {"a{99999999999}", -E2BIG},             {"a|*b", -EINVAL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expression *made = NULL;
        int error = expression_compile(cases[i].pattern, &made);
        if (error == 0)
            expression_free(made);
        if (error != cases[i].error) {
            printf("expressions: %s gives %d\n", cases[i].pattern, error);
            return 1;
        }
    }
    static const char *const many[] = {"(", "a|", "[a]", "a*", "(a)", "()", "(a|b)*", "a{0,3}"};
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        char *pattern = repeated(many[i], 4095 / (int)strlen(many[i]));
        struct expression *made = NULL;
        if (expression_compile(pattern, &made) == 0)
            expression_free(made);
        free(pattern);
    }
    return 0;
}

/* However it matches, it ends, and takes no more steps than it may. */
static int matching(void) {
    static const char *const patterns[] = {
        "(a*)*b",      "(a|aa)+$",      "(a|a)*(a|a)*(a|a)*b", "((a*)*)*b",  "(a+)+c",
        "a{1,2000}b",  ".*.*.*.*.*x",   "(.*)(.*)(.*)(.*)y",   "(a?){1000}a{1000}b",
        "(a|b|ab)*bc", "[ab]*a[ab]{500}c"};
    const size_t length = 1 << 20;
    char *line = malloc(length);
    memset(line, 'a', length);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct expression *made = NULL;
        struct expression_match found[EXPRESSION_GROUPS];
        uint64_t steps = 3000000;
        if (expression_compile(patterns[i], &made) != 0)
            return 1;
        int result = expression_search(made, line, length, 0, found, EXPRESSION_GROUPS, &steps);
        /* Either it had enough, or they are used up. */
        if (result < 0 ? result != -ETIME || steps != 0 : steps == 0) {
            printf("expressions: %s gives %d, %llu steps left\n", patterns[i], result,
                   (unsigned long long)steps);
            return 1;
        }
        /* Again: what was given up leaves nothing behind. */
        uint64_t enough = 1 << 20;
        if (expression_search(made, "aab", 3, 0, found, EXPRESSION_GROUPS, &enough) < 0)
            return 1;
        expression_free(made);
    }
    free(line);
    return 0;
}

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    if (as_regexec() != 0 || same_sets("[", 5) != 0 || compiling() != 0 || matching() != 0)
        return 1;
    printf("expressions: none is beyond its bounds\n");
    return 0;
}
