/* mount_table.c - the text of a mount table as rules have it.
 * Rule: what no rule names is copied byte for byte; one output buffer, made only when something
 * changes; time grows with the text times the candidates of the policy. */
#include "mount_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/blob.h"
#include "../policy/glob.h"
#include "../policy/match.h"
#include "mount_line.h"
#include "bytes.h"

#define POINT_SIZE 4097
#define TYPE_SIZE 256

struct rewrite {
    const uint8_t *policy;
    enum spoof_table table;
    const char *program;
    const char *text;
    size_t length;
    size_t copied; /* bytes of the text that are in the output, changed or not */
    struct bytes out;
    struct table_change *change;
};

/* Copies what stands before `end`, leaves out `skipped` bytes, and puts `text` there. */
static bool replace(struct rewrite *rewrite, const char *end, size_t skipped, const char *text) {
    size_t offset = (size_t)(end - rewrite->text);
    if ((!rewrite->out.data &&
         !bytes_reserve(&rewrite->out, rewrite->length + rewrite->length / 8 + 1024)) ||
        !bytes_put(&rewrite->out, rewrite->text + rewrite->copied, offset - rewrite->copied) ||
        !bytes_put(&rewrite->out, text, strlen(text)))
        return false;
    rewrite->copied = offset + skipped;
    return true;
}

static void count(struct rewrite *rewrite, uint32_t rule) {
    if (rewrite->change->lines++ == 0)
        rewrite->change->rule = rule;
}

/* Which rule holds for the line; what is too long for any mount is matched by none. */
static bool find_rule(const struct rewrite *rewrite, const struct mount_line *line,
                      uint32_t *rule) {
    char point[POINT_SIZE], type[TYPE_SIZE];
    return mount_line_decode(line->point, point, sizeof point) &&
           mount_line_decode(line->type, type, sizeof type) &&
           match_mounts(rewrite->policy, type, point, rewrite->program, rule);
}

/* The text stands there instead, unless it is there already; *changed is set if not. */
static bool retell(struct rewrite *rewrite, struct span word, const char *text, bool *changed) {
    if (!text || (strlen(text) == word.length && memcmp(text, word.start, word.length) == 0))
        return true;
    *changed = true;
    return replace(rewrite, word.start, word.length, text);
}

/* As the table has it: mountstats says `device` before it. NULL: it stays. */
static const char *source_of(const struct rewrite *rewrite, const struct blob_mounts_rule *rule,
                             char *buffer, size_t capacity) {
    const char *source = blob_text(rewrite->policy, rule->source);
    if (!source || rewrite->table != SPOOF_TABLE_MOUNTSTATS)
        return source;
    snprintf(buffer, capacity, "device %s", source);
    return buffer;
}

static bool rewrite_line(struct rewrite *rewrite, const char *text, size_t length) {
    struct mount_line line;
    uint32_t number;
    if (!mount_line_parse(rewrite->table, text, length, &line) ||
        !find_rule(rewrite, &line, &number))
        return true;
    const struct blob_mounts_rule *rule = blob_mounts_rule(rewrite->policy, number);
    const char *fstype = blob_text(rewrite->policy, rule->fstype);
    bool share = rule->group && line.options_end && !line.shared;
    char named[TYPE_SIZE + sizeof "device "];
    const char *source = source_of(rewrite, rule, named, sizeof named);
    const bool source_first = line.source.start < line.type.start;
    bool changed = share;
    if (share) {
        char group[24];
        snprintf(group, sizeof group, " shared:%u", (unsigned)rule->group);
        if (!replace(rewrite, line.options_end, 0, group))
            return false;
    }
    if ((source_first && !retell(rewrite, line.source, source, &changed)) ||
        !retell(rewrite, line.type, fstype, &changed) ||
        (!source_first && !retell(rewrite, line.source, source, &changed)))
        return false;
    if (changed)
        count(rewrite, number);
    return true;
}

static bool rewrite_lines(struct rewrite *rewrite) {
    const char *end = rewrite->text + rewrite->length, *newline;
    for (const char *line = rewrite->text; line < end; line = newline + 1) {
        newline = memchr(line, '\n', (size_t)(end - line));
        if (!newline)
            break; /* half a line: it cannot be told what it would have said */
        if (!rewrite_line(rewrite, line, (size_t)(newline - line)))
            return false;
    }
    return rewrite->change->lines == 0 || replace(rewrite, end, 0, "");
}

/* Does a table of filesystems list this type? */
static bool listed(const char *text, size_t length, const char *fstype) {
    const char *end = text + length;
    size_t wanted = strlen(fstype);
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline)
            break;
        const char *tab = memchr(text, '\t', (size_t)(newline - text));
        if (tab && (size_t)(newline - tab - 1) == wanted && memcmp(tab + 1, fstype, wanted) == 0)
            return true;
        text = newline + 1;
    }
    return false;
}

/* Filesystems that rules speak of are known to the kernel, one would think. */
static bool add_filesystems(struct rewrite *rewrite) {
    const struct blob_header *header = blob_header(rewrite->policy);
    const struct bytes *out = &rewrite->out;
    if (rewrite->length && rewrite->text[rewrite->length - 1] != '\n')
        return true;
    for (uint32_t i = 0; i < header->mounts.count; i++) {
        uint32_t number = blob_first_mounts(rewrite->policy) + i;
        const struct blob_mounts_rule *rule = blob_mounts_rule(rewrite->policy, number);
        const char *fstype = blob_text(rewrite->policy, rule->fstype);
        if (!fstype || match_word_list(rewrite->policy, rule->except_programs, rewrite->program) ||
            listed(out->data ? out->data : rewrite->text, out->data ? out->length : rewrite->length,
                   fstype))
            continue;
        if (!replace(rewrite, rewrite->text + rewrite->length, 0, rule->nodev ? "nodev\t" : "\t") ||
            !bytes_put(&rewrite->out, fstype, strlen(fstype)) || !bytes_put(&rewrite->out, "\n", 1))
            return false;
        count(rewrite, number);
    }
    return true;
}

int mount_table_rewrite(const uint8_t *policy, enum spoof_table table, const char *program,
                        const char *text, size_t length, struct table_change *change) {
    struct rewrite rewrite = {
        .policy = policy,
        .table = table,
        .program = program,
        .text = text,
        .length = length,
        .change = change,
    };
    memset(change, 0, sizeof *change);
    if (blob_header(policy)->mounts.count == 0)
        return 0;
    bool done =
        table == SPOOF_TABLE_FILESYSTEMS ? add_filesystems(&rewrite) : rewrite_lines(&rewrite);
    if (done) {
        change->text = rewrite.out.data;
        change->length = rewrite.out.length;
        return 0;
    }
    free(rewrite.out.data);
    memset(change, 0, sizeof *change);
    return -ENOMEM;
}
