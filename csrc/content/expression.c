/* expression.c - compiles regular expressions to a list of instructions.
 * Rule: bounded before memory is taken: depth of groups, and the size with all repetitions written
 * out. Distances are relative, so that a part can be moved and copied. */
#include "expression.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bracket.h"
#include "expression_code.h"

#define MOST_REPETITIONS 32767 /* RE_DUP_MAX of glibc */
#define FOR_EVER (-1)

struct parser {
    const char *at;
    struct expression *expression;
    int depth;
    int error;
};

static bool fail(struct parser *parser, int error) {
    if (parser->error == 0)
        parser->error = error;
    return false;
}

/* ---- code ---- */

/* Opens a gap of `count` instructions at `where`. */
static bool insert(struct parser *parser, uint32_t where, const struct instruction *from,
                   uint32_t count) {
    struct expression *expression = parser->expression;
    if (count > EXPRESSION_MAX_SIZE - expression->size)
        return fail(parser, -E2BIG);
    struct instruction *at = expression->code + where;
    memmove(at + count, at, (expression->size - where) * sizeof *at);
    memcpy(at, from, count * sizeof *at);
    expression->size += count;
    return true;
}

static bool append(struct parser *parser, struct instruction instruction) {
    return insert(parser, parser->expression->size, &instruction, 1);
}

static bool branch(struct parser *parser, uint32_t where, enum operation operation,
                   int64_t distance) {
    const struct instruction instruction = {.operation = (uint8_t)operation,
                                            .distance = (int32_t)distance};
    return insert(parser, where, &instruction, 1);
}

/* A new note, or NO_NOTE: there are enough. */
static uint16_t new_note(struct parser *parser, bool is_begin) {
    struct expression *expression = parser->expression;
    if (expression->notes == MOST_NOTES)
        return NO_NOTE;
    if (is_begin)
        expression->note_is_begin |= (uint64_t)1 << expression->notes;
    return (uint16_t)expression->notes++;
}

static bool note_end(struct parser *parser, uint16_t note) {
    return note == NO_NOTE ||
           append(parser, (struct instruction){.operation = CODE_END, .number = note});
}

/* Behind `[`. */
static bool parse_bracket(struct parser *parser) {
    struct expression *expression = parser->expression;
    struct byte_set *sets =
        realloc(expression->sets, (expression->set_count + 1) * sizeof *expression->sets);
    if (!sets)
        return fail(parser, -ENOMEM);
    expression->sets = sets;
    if (!bracket_read(&parser->at, &sets[expression->set_count]))
        return fail(parser, -EINVAL);
    return append(parser, (struct instruction){.operation = CODE_SET,
                                               .number = (uint16_t)expression->set_count++});
}

/* ---- repetitions ---- */

static bool read_number(struct parser *parser, int *number) {
    if (!isdigit((unsigned char)*parser->at))
        return true;
    for (*number = 0; isdigit((unsigned char)*parser->at); parser->at++) {
        *number = *number * 10 + (*parser->at - '0');
        if (*number > MOST_REPETITIONS)
            return fail(parser, -E2BIG);
    }
    return true;
}

/* Behind `{`: `m}`, `m,}`, `m,n}`, and as glibc has it `,n}`. */
static bool read_interval(struct parser *parser, int *least, int *most) {
    *least = 0;
    *most = FOR_EVER;
    const char *begin = parser->at;
    if (!read_number(parser, least))
        return false;
    if (*parser->at == ',') {
        parser->at++;
        if (!read_number(parser, most))
            return false;
    } else if (parser->at != begin) {
        *most = *least;
    }
    if (parser->at == begin || *parser->at != '}' || (*most != FOR_EVER && *most < *least))
        return fail(parser, -EINVAL);
    parser->at++;
    return true;
}

/* What stands from `begin` on becomes itself, `least` to `most` times. */
static bool repeat(struct parser *parser, uint32_t begin, int least, int most) {
    struct expression *expression = parser->expression;
    const uint32_t size = expression->size - begin;
    const int copies = most == FOR_EVER ? (least > 0 ? least : 1) : most;
    struct instruction *part = malloc((size ? size : 1) * sizeof *part);
    if (!part)
        return fail(parser, -ENOMEM);
    memcpy(part, expression->code + begin, size * sizeof *part);
    expression->size = begin;
    bool done = true;
    for (int i = 0; done && size > 0 && i < copies; i++) {
        /* Who leaves one copy out leaves out all that follow. */
        const int64_t rest = (int64_t)(size + 1) * (copies - i);
        if (i >= least)
            done = branch(parser, expression->size, CODE_SPLIT,
                          most == FOR_EVER ? (int64_t)size + 2 : rest);
        done = done && insert(parser, expression->size, part, size);
    }
    free(part);
    if (!done || most != FOR_EVER || size == 0)
        return done;
    /* The last copy is repeated: from the choice before it, or by one behind it. */
    if (least == 0)
        return branch(parser, expression->size, CODE_JUMP, -(int64_t)size - 1);
    if (!branch(parser, expression->size, CODE_SPLIT, 2) ||
        !branch(parser, expression->size, CODE_JUMP, -(int64_t)size - 1))
        return false;
    return true;
}

/* What follows an atom that began at `begin`; `note`: where its end is noted, if it varies. */
static bool parse_repetitions(struct parser *parser, uint32_t begin, uint16_t note) {
    bool varies = false;
    for (;; varies = true) {
        int least = 0, most = FOR_EVER;
        switch (*parser->at) {
        case '*':
            break;
        case '+':
            least = 1;
            break;
        case '?':
            most = 1;
            break;
        case '{':
            parser->at++;
            if (!read_interval(parser, &least, &most))
                return false;
            parser->at--;
            break;
        default:
            if (varies && note == NO_NOTE)
                note = new_note(parser, false);
            return !varies || note_end(parser, note);
        }
        parser->at++;
        if (!repeat(parser, begin, least, most))
            return false;
    }
}

/* ---- the grammar ---- */

static bool parse_alternatives(struct parser *parser);

/* Behind `(`. */
static bool parse_group(struct parser *parser) {
    struct expression *expression = parser->expression;
    const unsigned group = ++expression->groups;
    const uint32_t begin = expression->size;
    uint16_t note = NO_NOTE, end = NO_NOTE;
    if (++parser->depth > EXPRESSION_MAX_DEPTH)
        return fail(parser, -E2BIG);
    if (expression->notes + 2 <= MOST_NOTES) {
        note = new_note(parser, true);
        end = new_note(parser, false);
    }
    if (group < NOTED_GROUPS)
        expression->group_note[group] = note;
    if (note != NO_NOTE &&
        !append(parser, (struct instruction){.operation = CODE_BEGIN, .number = note}))
        return false;
    if (!parse_alternatives(parser))
        return false;
    if (*parser->at != ')')
        return fail(parser, -EINVAL);
    parser->at++;
    parser->depth--;
    if (note != NO_NOTE)
        expression->code[begin].distance = (int32_t)expression->notes - 1;
    return note_end(parser, end);
}

/* Behind a backslash. False: it is no assertion. */
static bool read_assertion(char escaped, enum assertion *assertion) {
    static const char letters[] = "`'bB<>";
    static const enum assertion known[] = {ASSERT_BOL,     ASSERT_EOL,   ASSERT_EDGE,
                                           ASSERT_NO_EDGE, ASSERT_FIRST, ASSERT_LAST};
    const char *found = escaped ? strchr(letters, escaped) : NULL;
    if (!found)
        return false;
    *assertion = known[found - letters];
    return true;
}

/* `^`, `$`, `\b` and their like: they are not repeated. False: there is none, or an error. */
static bool parse_assertion(struct parser *parser) {
    enum assertion assertion = *parser->at == '^' ? ASSERT_BOL : ASSERT_EOL;
    size_t length = 1;
    if (*parser->at == '\\') {
        if (!read_assertion(parser->at[1], &assertion))
            return false;
        length = 2;
    } else if (*parser->at != '^' && *parser->at != '$') {
        return false;
    }
    parser->at += length;
    if (*parser->at && strchr("*+?{", *parser->at))
        return fail(parser, -EINVAL);
    return append(parser,
                  (struct instruction){.operation = CODE_ASSERT, .byte = (uint8_t)assertion});
}

static bool parse_byte(struct parser *parser) {
    if (*parser->at == '\\') {
        parser->at++;
        /* What is a class, or a back-reference, elsewhere is nothing here. */
        if (*parser->at == '\0' || isalnum((unsigned char)*parser->at))
            return fail(parser, -EINVAL);
    }
    return append(parser,
                  (struct instruction){.operation = CODE_BYTE, .byte = (uint8_t)*parser->at++});
}

static bool parse_atom(struct parser *parser) {
    switch (*parser->at) {
    case '(':
        parser->at++;
        return parse_group(parser);
    case '[':
        parser->at++;
        return parse_bracket(parser);
    case '.':
        parser->at++;
        return append(parser, (struct instruction){.operation = CODE_ANY});
    case '*':
    case '+':
    case '?':
    case '{':
        return fail(parser, -EINVAL);
    default:
        return parse_byte(parser);
    }
}

static bool ends_branch(const struct parser *parser) {
    return *parser->at == '\0' || *parser->at == '|' || (*parser->at == ')' && parser->depth > 0);
}

static bool parse_branch(struct parser *parser) {
    while (!ends_branch(parser)) {
        if (parse_assertion(parser))
            continue;
        const uint32_t begin = parser->expression->size;
        /* Of a group that is repeated the end of all counts more than what is inside. */
        const uint16_t note = *parser->at == '(' ? new_note(parser, false) : NO_NOTE;
        if (parser->error != 0 || !parse_atom(parser) || !parse_repetitions(parser, begin, note))
            return false;
    }
    return true;
}

static bool parse_alternatives(struct parser *parser) {
    struct expression *expression = parser->expression;
    uint32_t last = UINT32_MAX; /* the jumps to the end, each with the place of the one before */
    for (;;) {
        const uint32_t begin = expression->size;
        if (!parse_branch(parser))
            return false;
        if (*parser->at != '|')
            break;
        parser->at++;
        if (!branch(parser, begin, CODE_SPLIT, (int64_t)expression->size + 2 - begin) ||
            !branch(parser, expression->size, CODE_JUMP, (int32_t)last))
            return false;
        last = expression->size - 1;
    }
    while (last != UINT32_MAX) {
        struct instruction *jump = &expression->code[last];
        const uint32_t before = (uint32_t)jump->distance;
        jump->distance = (int32_t)(expression->size - last);
        last = before;
    }
    return true;
}

int expression_compile(const char *pattern, struct expression **made) {
    struct parser parser = {.at = pattern, .expression = calloc(1, sizeof *parser.expression)};
    struct expression *expression = parser.expression;
    if (!expression)
        return -ENOMEM;
    for (size_t i = 0; i < NOTED_GROUPS; i++)
        expression->group_note[i] = NO_NOTE;
    expression->code = malloc(EXPRESSION_MAX_SIZE * sizeof *expression->code);
    int error = *pattern == '\0' ? -EINVAL : 0; /* POSIX does not say what that means */
    if (!expression->code)
        error = -ENOMEM;
    if (error == 0 && (!parse_alternatives(&parser) ||
                       !append(&parser, (struct instruction){.operation = CODE_MATCH})))
        error = parser.error;
    if (error == 0)
        error = expression_prepare(expression);
    if (error == 0)
        *made = expression;
    else
        expression_free(expression);
    return error;
}

void expression_free(struct expression *expression) {
    free(expression->code);
    free(expression->sets);
    free(expression->memory);
    free(expression->waits);
    free(expression);
}

unsigned expression_groups(const struct expression *expression) {
    return expression->groups;
}
