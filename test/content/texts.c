/* texts.c - rewritten lines and generated content: cases with a known answer, and damage.
 * Built with ASan and UBSan together with csrc/policy and csrc/content. usage: texts SEED */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../csrc/content/generate.h"
#include "../../csrc/content/rewrite.h"
#include "../../csrc/policy/blob.h"
#include "../support/draw.h"

/* A policy with one rule: pairs of an expression and a replacement, up to NULL. */
static uint8_t *make_policy(const char *const *pairs) {
    struct spoof_builder *builder = spoof_builder_new();
    spoof_builder_statfs(builder, "before");
    spoof_builder_file(builder, "rewrite", SPOOF_FILE_REWRITE);
    spoof_builder_when_path(builder, "/a");
    for (; *pairs; pairs += 2) {
        if (spoof_builder_file_rewrite(builder, pairs[0], pairs[1]) != 0) {
            printf("texts: refused: %s\n", pairs[0]);
            exit(1);
        }
    }
    size_t length = (size_t)spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = malloc(length);
    spoof_builder_finish(builder, blob, length);
    spoof_builder_free(builder);
    return blob;
}

static const struct {
    const char *pairs[5];
    const char *text, *expected; /* NULL: nothing changes */
} cases[] = {
    {{"b", "X"}, "abc\nbbb\n", "aXc\nXXX\n"},
    {{"b", "X"}, "abc", "aXc"},
    {{"z", "X"}, "abc\n", NULL},
    {{"b", "b"}, "abc\n", NULL},
    {{"b", "X"}, "", NULL},
    {{"b*", "-"}, "abc\n", "-a-c-\n"},
    {{"a*", "x"}, "baaac\n", "xbxcx\n"},
    {{"x*", "-"}, "\n\n", "-\n-\n"},
    {{"^a", "X"}, "aaa\naa\n", "Xaa\nXa\n"},
    {{"a$", "X"}, "aaa\naa", "aaX\naX"},
    {{"$", "!"}, "a\n\nb", "a!\n!\nb!"},
    {{"^.*$", ""}, "abc\nde\n", "\n\n"},
    {{"(a)(b)?", "<\\2|\\1|\\0>"}, "ab a\n", "<b|a|ab> <|a|a>\n"},
    {{"a", "\\\\"}, "a\n", "\\\n"},
    {{"a", "one\ntwo"}, "a b\n", "one\ntwo b\n"},
    {{"a", "b", "b", "c"}, "ab\n", "cc\n"},
    {{"a", "x\ny", "^y", "z"}, "a\n", "x\nz\n"},
    {{"a\nb", "X"}, "a\nb\n", NULL},
    {{"^MemTotal: +[0-9]+", "MemTotal: 1"},
     "MemTotal:    99 kB\nMemFree: 5 kB\n",
     "MemTotal: 1 kB\nMemFree: 5 kB\n"},
    {{"^(.*):.*([0-9]+)$", "\\1=\\2"}, "a:b:c 127\n", "a:b=7\n"},
    {{"(a|ab)(c|bcd)(d*)", "<\\1|\\2|\\3>"}, "abcd\n", "<ab|c|d>\n"},
    {{"(a*)(ab)*(b*)", "<\\1|\\2|\\3>"}, "abb\n", "<a||bb>\n"},
    {{"x(a|(b))", "<\\1|\\2>"}, "xaxb\n", "<a|><b|b>\n"},
    {{"\\<a", "A"}, "a ba a\n", "A ba A\n"},
    {{"[]a-]+|[^[:space:][:alnum:]]", "."}, "a]-b!\n", ".b.\n"},
    {{"[^ ]+", "\\0\\0"}, "\xff\xfe \x80\n", "\xff\xfe\xff\xfe \x80\x80\n"},
};

/* A whole text at once. */
static int rewrite_text(const uint8_t *policy, const char *text, size_t length,
                        struct table_change *change) {
    struct rewriting *rewriting;
    int error = rewriting_begin(policy, 1, &rewriting);
    if (error != 0)
        return error;
    error = rewriting_apply(rewriting, text, length, change);
    char *copy = change->text ? malloc(change->length ? change->length : 1) : NULL;
    if (copy)
        memcpy(copy, change->text, change->length);
    change->text = copy;
    rewriting_end(rewriting);
    return error;
}

static int known(void) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *policy = make_policy(cases[i].pairs);
        struct table_change change;
        int error = rewrite_text(policy, cases[i].text, strlen(cases[i].text), &change);
        const char *expected = cases[i].expected;
        if (error != 0 || (change.text != NULL) != (expected != NULL) ||
            (expected && (change.length != strlen(expected) || change.rule != 1 ||
                          change.lines == 0 || memcmp(change.text, expected, change.length)))) {
            printf("texts: case %zu gives %d, %.*s\n", i, error, (int)change.length,
                   change.text ? change.text : "");
            return 1;
        }
        free(change.text);
        free(policy);
    }
    return 0;
}

/* A line with a NUL passes; a result that grows without end is an error. */
static int limits(void) {
    static const char *const pairs[] = {"a", "b", NULL};
    uint8_t *policy = make_policy(pairs);
    struct table_change change;
    if (rewrite_text(policy, "a\0a\na\n", 6, &change) != 0 || change.length != 6 ||
        memcmp(change.text, "a\0a\nb\n", 6) != 0) {
        printf("texts: a line with a NUL\n");
        return 1;
    }
    free(change.text);
    free(policy);
    char many[4097] = {0};
    memset(many, 'a', sizeof many - 1);
    const char *growing[] = {"a", many, "a", many, NULL};
    policy = make_policy(growing);
    if (rewrite_text(policy, "a\na\na\na\na\n", 10, &change) != -EFBIG || change.text) {
        printf("texts: a result without end\n");
        return 1;
    }
    free(policy);
    return 0;
}

static int random_texts(void) {
    static const char *const expressions[] = {"a", "b*", "(a|b)+", "^x", "[0-9]{2,3}", ".", "a.?b"};
    for (int i = 0; i < 20000; i++) {
        const char *pairs[] = {expressions[draw(7)], draw(2) ? "" : "<\\0>",
                               draw(2) ? expressions[draw(7)] : NULL, "-", NULL};
        uint8_t *policy = make_policy(pairs);
        size_t length = draw(60);
        char *text = malloc(length ? length : 1); /* ASan guards both ends */
        for (size_t k = 0; k < length; k++)
            text[k] = draw(20) ? "ab x1\n"[draw(6)] : (char)draw(256);
        struct table_change change;
        if (rewrite_text(policy, text, length, &change) != 0) {
            printf("texts: a random one is an error\n");
            return 1;
        }
        free(change.text);
        free(text);
        free(policy);
    }
    return 0;
}

static int generated(void) {
    struct output content;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (generate("nothing", NULL, 0, &content) != -EINVAL || generator_known("nothing") ||
        !generator_known("zero-per-cpu") || generate("zero-per-cpu", NULL, 0, &content) != 0)
        return 1;
    bool right = content.length == (size_t)cpus * 2 && content.text[content.length - 1] == '\n';
    for (size_t i = 0; right && i + 1 < content.length; i++)
        right = content.text[i] == (i % 2 ? ' ' : '0');
    free(content.text);
    printf("texts: one zero for each of the online CPUs: %s\n", right ? "yes" : "no");
    return 0;
}

/* What a generator makes of its source; NULL: it refuses. */
static bool makes(const char *name, const char *source, const char *expected) {
    struct output content;
    size_t length = strlen(source);
    char *copy = malloc(length ? length : 1); /* no NUL behind it, and ASan guards both ends */
    memcpy(copy, source, length);
    int error = generate(name, copy, length, &content);
    bool right = expected ? error == 0 && content.length == strlen(expected) &&
                                memcmp(content.text, expected, content.length) == 0
                          : error == -EINVAL;
    if (!right)
        printf("texts: %s makes another thing of %s\n", name, source);
    if (error == 0)
        free(content.text);
    free(copy);
    return right;
}

static int generated_from_sources(void) {
    static const char *const names[][2] = {{"memory-stat", "memory.usage_in_bytes"},
                                           {"memory-stat-v2", "memory.current"},
                                           {"memory-max-usage", "memory.usage_in_bytes"}};
    static const char *const refused[] = {"",       "\n",     "-1\n",  "12 \n",
                                          "1\n2\n", "0x10\n", "max\n", "123456789012345678901\n"};
    if (!makes("memory-stat", "4096\n", "rss 4096\ntotal_rss 4096\n") ||
        !makes("memory-stat-v2", "12\n", "anon 12\n") ||
        !makes("memory-stat", "0", "rss 0\ntotal_rss 0\n") ||
        !makes("memory-max-usage", "18446744073709551615\n", "18446744073709551615\n"))
        return 1;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        const char *source = generator_source(names[n][0]);
        if (!generator_known(names[n][0]) || !source || strcmp(source, names[n][1]) != 0)
            return 1;
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
            if (!makes(names[n][0], refused[i], NULL))
                return 1;
    }
    return generator_source("zero-per-cpu") || generator_source("nothing");
}

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    if (known() != 0 || limits() != 0 || random_texts() != 0 || generated() != 0 ||
        generated_from_sources() != 0)
        return 1;
    printf("texts: all as expected\n");
    return 0;
}
