/* mount_line.c - the three forms of a line about a mount: proc_pid_mounts(5),
 * proc_pid_mountinfo(5), proc_pid_mountstats(5). Rule: words are parted by one blank; reads inside
 * the line only. */
#include "mount_line.h"

#include <string.h>

struct cursor {
    const char *at, *end;
    bool more; /* a word begins at `at`; it may be empty */
};

static bool take(struct cursor *cursor, struct span *word) {
    if (!cursor->more)
        return false;
    const char *blank = memchr(cursor->at, ' ', (size_t)(cursor->end - cursor->at));
    word->start = cursor->at;
    word->length = (size_t)((blank ? blank : cursor->end) - cursor->at);
    cursor->more = blank != NULL;
    cursor->at = blank ? blank + 1 : cursor->end;
    return true;
}

static bool take_words(struct cursor *cursor, struct span *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!take(cursor, &words[i]))
            return false;
    return true;
}

static bool is(struct span word, const char *text) {
    return word.length == strlen(text) && memcmp(word.start, text, word.length) == 0;
}

static bool is_number(struct span word) {
    for (size_t i = 0; i < word.length; i++)
        if (word.start[i] < '0' || word.start[i] > '9')
            return false;
    return word.length > 0;
}

static bool is_device(struct span word) {
    const char *colon = memchr(word.start, ':', word.length);
    if (!colon)
        return false;
    struct span major = {word.start, (size_t)(colon - word.start)};
    struct span minor = {colon + 1, word.length - major.length - 1};
    return is_number(major) && is_number(minor);
}

static bool is_path(struct span word) {
    return word.length > 0 && word.start[0] == '/';
}

/* SOURCE POINT TYPE OPTIONS 0 0; the source may be empty. */
static bool parse_mounts(struct cursor *cursor, struct mount_line *line) {
    struct span words[6];
    if (!take_words(cursor, words, 6) || cursor->more)
        return false;
    line->source = words[0];
    line->point = words[1];
    line->type = words[2];
    return words[3].length > 0 && is_number(words[4]) && is_number(words[5]);
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD:VALUE]... - TYPE SOURCE OPTIONS. gVisor of 2022
 * has an empty word before the `-`; the source may be empty. */
static bool parse_mountinfo(struct cursor *cursor, struct mount_line *line) {
    struct span words[6], field, rest[3];
    if (!take_words(cursor, words, 6) || !is_number(words[0]) || !is_number(words[1]) ||
        !is_device(words[2]) || words[5].length == 0)
        return false;
    do {
        if (!take(cursor, &field))
            return false;
        if (field.length > 7 && memcmp(field.start, "shared:", 7) == 0)
            line->shared = true;
    } while (!is(field, "-"));
    if (!take_words(cursor, rest, 3))
        return false;
    line->point = words[4];
    line->type = rest[0];
    line->source = rest[1];
    line->options_end = words[5].start + words[5].length;
    return true;
}

/* `device SOURCE mounted on POINT with fstype TYPE [STATISTICS]`, or `no device mounted ...`. */
static bool parse_mountstats(struct cursor *cursor, struct mount_line *line) {
    struct span words[8];
    if (!take_words(cursor, words, 8) || !is(words[2], "mounted") || !is(words[3], "on") ||
        !is(words[5], "with") || !is(words[6], "fstype"))
        return false;
    line->source = (struct span){words[0].start, words[0].length + 1 + words[1].length};
    line->point = words[4];
    line->type = words[7];
    return is(words[0], "device") || (is(words[0], "no") && is(words[1], "device"));
}

bool mount_line_parse(enum spoof_table table, const char *text, size_t length,
                      struct mount_line *line) {
    struct cursor cursor = {text, text + length, true};
    bool parsed = false;
    memset(line, 0, sizeof *line);
    if (length == 0 || memchr(text, '\0', length))
        return false;
    switch (table) {
    case SPOOF_TABLE_MOUNTS:
        parsed = parse_mounts(&cursor, line);
        break;
    case SPOOF_TABLE_MOUNTINFO:
        parsed = parse_mountinfo(&cursor, line);
        break;
    case SPOOF_TABLE_MOUNTSTATS:
        parsed = parse_mountstats(&cursor, line);
        break;
    case SPOOF_TABLE_FILESYSTEMS:
        break;
    }
    return parsed && is_path(line->point) && line->type.length > 0;
}

static bool is_octal(char digit) {
    return digit >= '0' && digit <= '7';
}

bool mount_line_decode(struct span word, char *to, size_t capacity) {
    size_t out = 0;
    for (size_t i = 0; i < word.length; i++) {
        const char *at = word.start + i;
        char byte = *at;
        if (byte == '\\' && word.length - i > 3 && at[1] >= '0' && at[1] <= '3' &&
            is_octal(at[2]) && is_octal(at[3])) {
            int value = (at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0');
            if (value != 0) {
                byte = (char)(unsigned char)value;
                i += 3;
            }
        }
        if (out + 1 >= capacity)
            return false;
        to[out++] = byte;
    }
    to[out] = '\0';
    return true;
}
