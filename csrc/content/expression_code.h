/* expression_code.h - what an expression is compiled to: between expression.c, which compiles, and
 * expression_search.c, which runs it. */
#ifndef SPOOF_EXPRESSION_CODE_H
#define SPOOF_EXPRESSION_CODE_H

#include "byte_set.h"

enum operation {
    CODE_BYTE,   /* this byte */
    CODE_SET,    /* a byte of this set */
    CODE_ANY,    /* any byte */
    CODE_JUMP,   /* goes on elsewhere */
    CODE_SPLIT,  /* goes on next, and elsewhere, too */
    CODE_BEGIN,  /* notes where a group begins, and forgets what was noted inside it */
    CODE_END,    /* notes where a group, or what varies in length, ends */
    CODE_ASSERT, /* goes on if it is true here */
    CODE_MATCH,
};

enum assertion { ASSERT_BOL, ASSERT_EOL, ASSERT_EDGE, ASSERT_NO_EDGE, ASSERT_FIRST, ASSERT_LAST };

struct instruction {
    uint8_t operation;
    uint8_t byte;     /* CODE_BYTE; CODE_ASSERT: which */
    uint16_t number;  /* CODE_SET: its index; CODE_BEGIN, CODE_END: where it is noted */
    int32_t distance; /* CODE_JUMP, CODE_SPLIT: from here; CODE_BEGIN: the last note inside it */
};

/* Positions that are noted on the way, in the order of their importance: those of a group before
 * those inside it, and left before right. */
#define MOST_NOTES 64U
#define NOTED_GROUPS 10U /* the first of them is the whole match */
#define NO_NOTE UINT16_MAX
#define NOWHERE UINT32_MAX

/* The ways that lead on from one position of the line; each instruction stands in it once. */
struct ways {
    uint32_t count;
    uint32_t *order;    /* instructions, the best way first */
    uint32_t *place;    /* by instruction: where it stands in `order`, if it does */
    uint32_t *position; /* by instruction: where its match began; or its notes, one after another */
};

struct expression {
    struct instruction *code;
    uint32_t size;
    struct byte_set *sets;
    uint32_t set_count;
    unsigned groups, notes;
    uint16_t group_note[NOTED_GROUPS]; /* where the begin of a group is noted; its end: next */
    uint64_t note_is_begin;            /* bit n: the earlier the better, else the later */
    struct byte_set first;             /* what a match can begin with ... */
    bool may_be_empty;                 /* ... unless it can be empty */
    bool at_begin_only;                /* `^` stands before all of it */
    uint32_t *memory;                  /* what follows lies in it */
    struct ways now, next;
    uint32_t *stack; /* places from where somebody has to go on */
    uint8_t *waits;  /* by instruction: is it one of them, and how? */
};

/* Makes room for the search, and finds out how a match can begin. 0 or -ENOMEM. */
int expression_prepare(struct expression *expression);

#endif
