/* table.c - mount tables at random, against rules at random: what must hold for any of them.
 * Built with ASan and UBSan together with csrc/policy and csrc/content. usage: table SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/content/mount_table.h"
#include "../../csrc/policy/blob.h"
#include "../support/draw.h"

#define LINES 12
#define TEXT 8192

static const char *one_of(const char *const *words, uint32_t count) {
    return words[draw(count)];
}
#define ONE_OF(...)                                                                                \
    one_of((const char *const[]){__VA_ARGS__},                                                     \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static uint8_t *make_policy(bool matching) {
    struct spoof_builder *builder = spoof_builder_new();
    for (uint32_t rules = draw(4) + 1; rules > 0; rules--) {
        spoof_builder_mounts(builder, "rule");
        if (!matching)
            spoof_builder_when_fstype(builder, "never");
        else if (draw(2))
            spoof_builder_when_fstype(builder, ONE_OF("9p", "fuse.*", "*"));
        if (draw(2))
            spoof_builder_when_path(builder, ONE_OF("/", "/a/**", "/a b", "/*"));
        if (draw(3) == 0)
            spoof_builder_except_path(builder, "/a/b");
        if (draw(3) == 0)
            spoof_builder_except_program(builder, "df");
        if (draw(4) || !matching)
            spoof_builder_answer_fstype(builder, "changed", 1, 0);
        if (draw(3) == 0)
            spoof_builder_answer_shared(builder, 1234567);
        if (draw(3) == 0)
            spoof_builder_answer_source(builder, "/dev/told");
    }
    size_t length = (size_t)spoof_builder_finish(builder, NULL, 0);
    uint8_t *blob = malloc(length);
    spoof_builder_finish(builder, blob, length);
    spoof_builder_free(builder);
    if (blob_check(blob, length) != NULL)
        exit(2);
    return blob;
}

/* A line of a table; `type` and `field` are left out by the second form, to compare. */
static size_t make_line(char *line, enum spoof_table table, const char *type, const char *shared) {
    const char *source = ONE_OF("none", "", "/dev/a", "9p", "a\\040b");
    const char *point = ONE_OF("/", "/a", "/a/b", "/a\\040b", "/a/\\134", "/x");
    if (table == SPOOF_TABLE_MOUNTS)
        return (size_t)sprintf(line, "%s %s %s rw,9p 0 0\n", source, point, type);
    if (table == SPOOF_TABLE_MOUNTINFO)
        return (size_t)sprintf(line, "%u 1 0:%u / %s rw%s%s - %s %s rw\n", draw(99), draw(99),
                               point, shared, ONE_OF("", " ", " master:1"), type, source);
    return (size_t)sprintf(line, "device %s mounted on %s with fstype %s%s\n", source, point, type,
                           ONE_OF("", " statvers=1.1", "\n\tage:\t9"));
}

static const char *const programs[] = {NULL, "df", "cat"};

/* Only the type, the source, or a field ` shared:1234567`, differs from what was; and a second time
 * nothing. */
static int compare(const char *text, size_t length, const struct table_change *change) {
    const char *end = text + length, *out = change->text, *out_end = out + change->length;
    uint32_t changes = 0;
    while (text < end && out < out_end) {
        if (*text == *out) {
            text++;
            out++;
        } else if (strncmp(out, " shared:1234567", 15) == 0 ||
                   strncmp(out, "shared:1234567 ", 15) == 0) {
            out += 15;
        } else if (strncmp(out, "changed", 7) == 0) {
            out += 7;
            text += strcspn(text, " \n");
            changes++;
        } else if (out - change->text >= 5 && strncmp(out - 5, "/dev/told", 9) == 0) {
            out += 4; /* of /dev/a, which begins alike */
            text += strcspn(text, " \n");
        } else if (strncmp(out, "/dev/told", 9) == 0) {
            out += 9;
            text += strcspn(text, " \n");
        } else {
            return -1;
        }
    }
    return text == end && out == out_end && changes <= change->lines ? 0 : -1;
}

static int whole_tables(void) {
    unsigned changed = 0;
    for (int i = 0; i < 20000; i++) {
        char text[TEXT];
        size_t length = 0;
        bool matching = draw(4) != 0;
        uint8_t *policy = make_policy(matching);
        enum spoof_table table = (enum spoof_table)draw(3);
        const char *program = programs[draw(3)];
        for (uint32_t lines = draw(LINES); lines > 0; lines--)
            length += make_line(text + length, table, ONE_OF("9p", "fuse.x", "ext4", "9p2000"),
                                ONE_OF("", "", " shared:3"));
        char *copy = malloc(length ? length : 1); /* ASan guards both ends */
        memcpy(copy, text, length);
        struct table_change change, again;
        if (mount_table_rewrite(policy, table, program, copy, length, &change) != 0)
            return 1;
        changed += change.text != NULL;
        if ((change.text != NULL) != (change.lines != 0) || (change.text && !matching) ||
            (change.text && compare(text, length, &change) != 0)) {
            printf("tables: differ in more than a column:\n%.*s%.*s", (int)length, text,
                   (int)change.length, change.text ? change.text : "");
            return 1;
        }
        /* Types may be changed again by a rule that names no type, but to the same. */
        if (change.text) {
            mount_table_rewrite(policy, table, program, change.text, change.length, &again);
            struct table_change third = {0};
            if (again.text)
                mount_table_rewrite(policy, table, program, again.text, again.length, &third);
            if (third.text) {
                printf("tables: never at rest\n");
                return 1;
            }
            free(again.text);
        }
        free(change.text);
        free(copy);
        free(policy);
    }
    printf("tables: 20000 rewritten, %s changed\n", changed > 1000 ? "many" : "few");
    return 0;
}

/* Bytes at random, and tables with bytes damaged: nothing is read or written out of bounds. */
static int damaged_tables(void) {
    static const char alphabet[] = " \n\t/-9p01:\\shared device mounted on with fstype";
    uint8_t *policy = make_policy(true);
    for (int i = 0; i < 60000; i++) {
        char text[TEXT];
        size_t length = 0;
        enum spoof_table table = (enum spoof_table)draw(4);
        if (i % 200 == 0) {
            free(policy);
            policy = make_policy(true);
        }
        if (draw(2)) {
            for (uint32_t n = draw(300); n > 0; n--)
                text[length++] = alphabet[draw(sizeof alphabet)];
        } else {
            for (uint32_t lines = draw(4); lines > 0; lines--)
                length += make_line(text + length, (enum spoof_table)draw(3), "9p", "");
            for (uint32_t n = draw(4); n > 0 && length > 0; n--)
                text[draw((uint32_t)length)] = (char)draw(256);
            length = length && draw(3) == 0 ? draw((uint32_t)length) : length;
        }
        char *copy = malloc(length ? length : 1);
        memcpy(copy, text, length);
        struct table_change change;
        if (mount_table_rewrite(policy, table, programs[draw(3)], copy, length, &change) != 0)
            return 1;
        free(change.text);
        free(copy);
    }
    free(policy);
    printf("tables: 60000 damaged ones are harmless\n");
    return 0;
}

int main(int count, char **arguments) {
    state = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    fprintf(stderr, "seed %llu\n", (unsigned long long)state);
    return whole_tables() | damaged_tables();
}
