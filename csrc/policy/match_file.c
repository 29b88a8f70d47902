/* match_file.c - which files rule holds for a path, and the cheap question before it.
 * Rule: as in match.c; freestanding, trusts the checked blob. match_open() may say yes too often,
 * but never no for a path that a rule names by the last part of its own or the path of its tree. */
#include "match.h"

#include "candidates.h"
#include "glob.h"

/* A part of a path. */
struct part {
    const char *start;
    uint32_t length;
};

/* Behind the last slash; slashes at the end do not count. */
static struct part last_part(const char *path) {
    struct part part = {path, 0};
    for (const char *at = path; *at;) {
        while (*at == '/')
            at++;
        if (*at == '\0')
            break;
        part.start = at;
        while (*at && *at != '/')
            at++;
        part.length = (uint32_t)(at - part.start);
    }
    return part;
}

/* As memcmp() would order them. */
static int compare_part(const char *text, struct part part) {
    for (uint32_t i = 0;; i++) {
        unsigned char left = (unsigned char)text[i];
        unsigned char right = i < part.length ? (unsigned char)part.start[i] : 0;
        if (left != right)
            return left < right ? -1 : 1;
        if (left == '\0')
            return 0;
    }
}

static const struct blob_tail *find_tail(const uint8_t *blob, struct part part) {
    const struct blob_list list = blob_header(blob)->file_tails;
    const struct blob_tail *tails = blob_at(blob, list.offset);
    uint32_t low = 0, high = list.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_part(blob_at(blob, tails[middle].text), part);
        if (order == 0)
            return &tails[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

struct file_question {
    struct question question;
    const char *program;
};

static bool rule_holds(const struct question *question, const struct blob_candidate *candidate) {
    const struct file_question *asked = (const void *)question;
    const uint8_t *blob = question->blob;
    const struct blob_file_rule *rules = blob_at(blob, blob_header(blob)->files.offset);
    const struct blob_file_rule *rule = &rules[candidate->rule];
    return !match_path_list(blob, rule->except_globs, question->path) &&
           !match_word_list(blob, rule->except_programs, asked->program);
}

static bool match(const uint8_t *blob, bool parent, const char *path, const char *program,
                  uint32_t *rule) {
    const struct blob_header *header = blob_header(blob);
    const struct file_question asked = {
        .question = {.blob = blob, .path = path, .parent = parent, .holds = rule_holds},
        .program = program,
    };
    const struct blob_candidate *best = 0;
    if (header->files.count == 0 || *path != '/')
        return false;
    const struct blob_tail *tail = find_tail(blob, last_part(path));
    if (tail)
        best = better_candidate(&asked.question, tail->starts, best);
    best = better_candidate(&asked.question, header->file_any_tail, best);
    if (!best)
        return false;
    *rule = blob_first_file(blob) + best->rule;
    return true;
}

bool match_file(const uint8_t *blob, const char *path, const char *program, uint32_t *rule) {
    return match(blob, false, path, program, rule);
}

bool match_parent(const uint8_t *blob, const char *path, const char *program, uint32_t *rule) {
    return match(blob, true, path, program, rule);
}

#define LONGEST_NAME 255U /* NAME_MAX */

static bool glob_reaches(const char *glob, uint32_t bytes) {
    uint32_t length = 0;
    for (; *glob; glob++) {
        if (glob[0] == '*' && glob[1] == '*')
            return true;
        if (*glob == '\\' && glob[1])
            glob++;
        else if (*glob == '*')
            length += LONGEST_NAME - 1;
        length++;
    }
    return length > bytes;
}

static bool one_reaches(const uint8_t *blob, struct blob_list starts, uint32_t bytes) {
    const struct blob_start *start = blob_at(blob, starts.offset);
    for (uint32_t i = 0; i < starts.count; i++) {
        const struct blob_candidate *candidates = blob_at(blob, start[i].candidates.offset);
        for (uint32_t j = 0; j < start[i].candidates.count; j++)
            if (candidates[j].glob == 0 || glob_reaches(blob_at(blob, candidates[j].glob), bytes))
                return true;
    }
    return false;
}

bool match_file_reaches(const uint8_t *blob, uint32_t bytes) {
    const struct blob_header *header = blob_header(blob);
    const struct blob_tail *tails = blob_at(blob, header->file_tails.offset);
    for (uint32_t i = 0; i < header->file_tails.count; i++)
        if (one_reaches(blob, tails[i].starts, bytes))
            return true;
    return one_reaches(blob, header->file_any_tail, bytes);
}

static uint32_t count_slashes(const char *text, const char *end) {
    uint32_t count = 0;
    for (; *text && text != end; text++)
        count += *text == '/';
    return count;
}

struct tree_question {
    struct question question;
    uint32_t rule;
};

static bool is_of_rule(const struct question *question, const struct blob_candidate *candidate) {
    const struct tree_question *asked = (const void *)question;
    return blob_first_file(question->blob) + candidate->rule == asked->rule;
}

const char *match_tree_rest(const uint8_t *blob, uint32_t rule, const char *path) {
    const struct tree_question asked = {
        .question = {.blob = blob, .path = path, .holds = is_of_rule},
        .rule = rule,
    };
    const struct blob_candidate *best =
        better_candidate(&asked.question, blob_header(blob)->file_any_tail, 0);
    if (!best)
        return 0;
    /* What stands before the slash of slash-stars has as many slashes in the path, because no other
     * wildcard takes one. */
    uint32_t slashes = count_slashes(blob_at(blob, best->glob), 0);
    for (const char *at = path; *at; at++)
        if (*at == '/' && --slashes == 0)
            return at;
    return "";
}

/* ---- match_open ---- */

const char *match_table_name(uint32_t index) {
    static const char names[][12] = {"mounts", "mountinfo", "mountstats", "mtab", "filesystems"};
    return index < sizeof names / sizeof *names ? names[index] : 0;
}

static bool is_table(struct part part) {
    const char *name;
    for (uint32_t i = 0; (name = match_table_name(i)) != 0; i++)
        if (compare_part(name, part) == 0)
            return true;
    return false;
}

static bool is_file(const uint8_t *blob, struct part part) {
    const struct blob_list globs = blob_header(blob)->file_tail_globs;
    if (find_tail(blob, part))
        return true;
    /* With slashes behind it, it is no text of its own to match: that is asked later. */
    return globs.count &&
           (part.start[part.length] != '\0' || match_path_list(blob, globs, part.start));
}

static bool has_dot_dot(const char *path) {
    for (const char *at = path; *at; at++)
        if (at[0] == '.' && at[1] == '.' && (at == path || at[-1] == '/') &&
            (at[2] == '\0' || at[2] == '/'))
            return true;
    return false;
}

/* The next byte of an absolute path as it would be without `.` and empty parts; `at` moves on. */
static char next_byte(const char **at) {
    const char *path = *at;
    if (*path == '\0')
        return '\0';
    if (*path != '/') {
        *at = path + 1;
        return *path;
    }
    for (;;) {
        while (*path == '/')
            path++;
        if (path[0] != '.' || (path[1] != '/' && path[1] != '\0'))
            break;
        path++;
    }
    *at = path;
    return '/';
}

/* Does the path, with a slash at its end, begin with the text? 0 if so, else how they are ordered.
 */
static int compare_start(const char *text, const char *path) {
    bool ended = false;
    char last = '\0';
    for (; *text; text++) {
        char byte = next_byte(&path);
        if (byte == '\0' && !ended) {
            ended = true;
            byte = last == '/' ? '\0' : '/';
        }
        if (byte != *text)
            return (unsigned char)*text < (unsigned char)byte ? -1 : 1;
        last = byte;
    }
    return 0;
}

static bool is_in_tree(const uint8_t *blob, const char *path) {
    const struct blob_list list = blob_header(blob)->file_trees;
    const uint32_t *trees = blob_at(blob, list.offset);
    uint32_t low = 0, high = list.count;
    if (list.count == 0)
        return false;
    if (*path != '/' || has_dot_dot(path))
        return true;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_start(blob_at(blob, trees[middle]), path);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

uint32_t match_open(const uint8_t *blob, const char *path) {
    const struct blob_header *header = blob_header(blob);
    uint32_t answer = 0;
    if (*path == '\0')
        return 0;
    struct part part = last_part(path);
    if (header->mounts.count && is_table(part))
        answer |= MATCH_OPEN_MOUNT_TABLE;
    if (header->files.count == 0)
        return answer;
    if (is_file(blob, part))
        answer |= MATCH_OPEN_FILE;
    if (is_in_tree(blob, path))
        answer |= MATCH_OPEN_TREE;
    return answer;
}
