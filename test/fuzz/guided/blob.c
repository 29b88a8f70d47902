/* blob.c - a compiled policy of any bytes: what blob_check() takes is asked everything.
 * Input: the blob, whose header says how long it is, and behind it what is asked. The mutator keeps
 * the header's magic, version and length right, and moves offsets to other places inside. */
#include <stdio.h>

#include "../../../csrc/content/mount_table.h"
#include "../../../csrc/content/rewrite.h"
#include "../../../csrc/policy/blob.h"
#include "../../../csrc/policy/match.h"
#include "../../support/draw.h"
#include "input.h"

#define MOST_ASKED 16U

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* How much of the input is the blob. */
static size_t blob_length(const uint8_t *data, size_t size) {
    const struct blob_header *header = (const void *)data;
    uint32_t length = 0;
    if (size >= sizeof *header)
        memcpy(&length, data + offsetof(struct blob_header, length), sizeof length);
    return length < size ? length : size;
}

static void put_word(uint8_t *data, size_t at, uint32_t word) {
    memcpy(data + at, &word, sizeof word);
}

/* A word of the blob becomes a place in it, a small number, or another word of it. */
static void move_offset(uint8_t *data, size_t length) {
    size_t at = draw((uint32_t)(length / 4)) * 4;
    uint32_t word;
    memcpy(&word, data + draw((uint32_t)(length / 4)) * 4, sizeof word);
    switch (draw(4)) {
    case 0:
        word = draw((uint32_t)length / 8 + 1) * 8;
        break;
    case 1:
        word = draw((uint32_t)length + 8);
        break;
    case 2:
        word = draw(6);
        break;
    default:
        break;
    }
    put_word(data, at, word);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size_t length = blob_length(data, size);
    state = seed;
    if (length < sizeof(struct blob_header))
        return LLVMFuzzerMutate(data, size, max_size);
    if (draw(3) == 0 && max_size > length) /* the question: LLVMFuzzerMutate() wants room */
        size = length + LLVMFuzzerMutate(data + length, size - length, max_size - length);
    for (uint32_t n = draw(4); n > 0; n--)
        move_offset(data, length);
    if (draw(4) == 0)
        LLVMFuzzerMutate(data, length, length);
    put_word(data, offsetof(struct blob_header, magic), BLOB_MAGIC);
    put_word(data, offsetof(struct blob_header, version), BLOB_VERSION);
    put_word(data, offsetof(struct blob_header, length), (uint32_t)length);
    return size;
}

static void ask_statfs(const uint8_t *blob, uint64_t asked, const char *path) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_type *types = blob_at(blob, header->types.offset);
    uint32_t rule = 0;
    for (uint32_t i = 0; i <= header->types.count && i < MOST_ASKED; i++) {
        uint64_t type = i < header->types.count ? types[i].type : asked;
        match_statfs(blob, type, NULL, &rule);
        if (match_statfs(blob, type, path, &rule) == MATCH_FOUND)
            MUST(rule < header->rules.count, "rule %u", rule);
    }
    match_statfs_names_paths(blob);
}

static void ask_mounts(const uint8_t *blob, const char *fstype, const char *point,
                       const char *program) {
    uint32_t rule = 0;
    match_mounts(blob, NULL, point, NULL, &rule);
    match_mounts(blob, fstype, NULL, program, &rule);
    match_mounts_excepts_programs(blob);
    if (!match_mounts(blob, fstype, point, program, &rule))
        return;
    const struct blob_mounts_rule *held = blob_mounts_rule(blob, rule);
    read_text(blob_text(blob, held->fstype));
    read_text(blob_text(blob, held->source));
}

static void rewrite_some(const uint8_t *blob, uint32_t rule) {
    struct rewriting *rewriting;
    struct table_change change;
    if (rewriting_begin(blob, rule, &rewriting) != 0)
        return;
    rewriting_apply(rewriting, "one two\n3\n", 10, &change);
    rewriting_end(rewriting);
}

static void read_file_rule(const uint8_t *blob, uint32_t number, const char *path) {
    const struct blob_file_rule *rule = blob_file_rule(blob, number);
    const struct blob_rewrite *rewrites = blob_at(blob, rule->rewrites.offset);
    if (rule->kind == SPOOF_FILE_REWRITE && rule->rewrites.count < MOST_ASKED)
        rewrite_some(blob, number);
    for (uint32_t i = 0; i < rule->rewrites.count && i < MOST_ASKED; i++) {
        read_text(blob_at(blob, rewrites[i].pattern));
        read_text(blob_at(blob, rewrites[i].replacement));
    }
    if (rule->kind != SPOOF_FILE_REWRITE) {
        read_all_of(blob_at(blob, rule->bytes.offset), rule->bytes.count);
        read_text(blob_at(blob, rule->bytes.offset));
    }
    const char *rest = match_tree_rest(blob, number, path);
    MUST(!rest || *rest == '\0' || (rest >= path && rest < path + strlen(path)), "a part of it");
}

static void ask_files(const uint8_t *blob, const char *path, const char *program) {
    uint32_t rule = 0;
    match_open(blob, path);
    if (match_file(blob, path, program, &rule))
        read_file_rule(blob, rule, path);
    match_parent(blob, path, NULL, &rule);
    for (uint32_t i = 0; i < blob_header(blob)->files.count && i < MOST_ASKED; i++)
        read_file_rule(blob, blob_first_file(blob) + i, path);
}

static void rewrite_tables(const uint8_t *blob, const char *program) {
    static const char *const lines[] = {
        "none /a tmpfs rw 0 0\n",
        "21 1 0:5 / /a rw - tmpfs none rw\n",
        "device none mounted on /a with fstype 9p\n",
        "nodev\ttmpfs\n",
    };
    for (unsigned table = 0; table <= SPOOF_TABLE_FILESYSTEMS; table++) {
        struct table_change change;
        mount_table_rewrite(blob, (enum spoof_table)table, program, lines[table],
                            strlen(lines[table]), &change);
        free(change.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t length = blob_length(data, size);
    struct input input = {data, length};
    const uint8_t *blob = (const uint8_t *)take_rest(&input, &length);
    const char *fault = blob_check(blob, length);
    if (!fault) {
        input = (struct input){data + length, size - length};
        uint64_t type = take(&input, 8);
        char *path = take_text(&input, 64), *fstype = take_text(&input, 64),
             *program = take_text(&input, 64);
        ask_statfs(blob, type, path);
        ask_mounts(blob, fstype, path, program);
        ask_files(blob, path, program);
        rewrite_tables(blob, program);
        for (uint32_t i = 0; i <= blob_rule_count(blob) && i < MOST_ASKED; i++)
            read_text(blob_rule_name(blob, i));
        const struct blob_uname_rule *names = blob_uname_rule(blob);
        for (int i = 0; names && i < SPOOF_UNAME_COUNT; i++)
            read_text(blob_text(blob, names->text[i]));
        const struct blob_sysinfo_rule *sysinfo = blob_sysinfo_rule(blob);
        if (sysinfo)
            read_all_of(sysinfo, sizeof *sysinfo);
    }
    read_text(fault);
    end_input();
    return 0;
}
