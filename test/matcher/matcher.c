/* matcher.c - the glob matcher against a naive one, and the blob check against damaged blobs.
 * Built with ASan and UBSan together with csrc/policy; prints one line a check and its seed.
 * usage: matcher SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/policy/blob.h"
#include "../../csrc/policy/match.h"

static uint64_t state;

static uint32_t draw(uint32_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % below;
}

/* What the words of spoof.h say, by trying everything. */
static bool naive(const char *start, const char *glob, const char *path) {
    if (*glob == '\0')
        return *path == '\0';
    if (*path == '\0' && strncmp(glob, "/**", 3) == 0 && strspn(glob + 1, "*") == strlen(glob + 1))
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
    }
}

static uint8_t *make_blob(size_t *length) {
    struct spoof_builder *builder = spoof_builder_new();
    for (int i = 0; i < 40; i++) {
        char name[24], glob[32];
        snprintf(name, sizeof name, "rule-%d", i);
        spoof_builder_statfs(builder, name);
        for (uint32_t types = draw(4); types > 0; types--)
            spoof_builder_when_type(builder, draw(12));
        for (uint32_t globs = draw(3); globs > 0; globs--) {
            random_text(glob, 8, "ab/**?");
            spoof_builder_when_path(builder, glob);
        }
        if (draw(3) == 0)
            spoof_builder_except_type(builder, draw(12));
        if (draw(3) == 0)
            spoof_builder_except_path(builder, "/a/**");
        spoof_builder_answer(builder, SPOOF_FIELD_TYPE, (uint64_t)i);
    }
    if (draw(2) == 0)
        add_mounts(builder);
    if (draw(2) == 0) {
        spoof_builder_uname(builder, "uname");
        spoof_builder_answer_uname(builder, SPOOF_UNAME_RELEASE, "6.1.0");
    }
    *length = (size_t)spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = malloc(*length);
    if ((size_t)spoof_builder_finish(builder, blob, *length) != *length)
        exit(2);
    spoof_builder_free(builder);
    return blob;
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

/* Damaged in one to four bytes, or cut: refused, or harmless to ask. */
static int damage_blobs(void) {
    unsigned refused = 0, asked = 0;
    for (int i = 0; i < 200; i++) {
        size_t length;
        uint8_t *blob = make_blob(&length);
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

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    return compare_globs() | compare_words() | damage_blobs();
}
