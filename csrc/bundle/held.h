/* held.h - what a bundle holds behind its program: a compiled policy, and the texts that
 * src/run/bundle.ts has put there. Rule: nothing of it is used before all of it is verified. */
#ifndef SPOOF_HELD_H
#define SPOOF_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../process/failure.h"

/* The texts, in the order of BundleTexts in src/run/bundle.ts. "%s" stands for a word of the line.
 */
enum held_text {
    TEXT_VERSION,      /* of the package, and the platform */
    TEXT_MECHANISM,    /* the one that it was made for, or "auto" */
    TEXT_HELP,         /* %s: the program as it was called */
    TEXT_POLICY,       /* the policy as YAML */
    TEXT_CHOSEN,       /* what --verbose says of it */
    TEXT_LOGGED,       /* what the first line of the log says of it: members of a JSON object */
    TEXT_STATISTICS,   /* a heading, and what each counter is called: lines */
    TEXT_FALLBACK,     /* what a reason is called there; %s: the reason */
    TEXT_RULE,         /* what a rule is called there; %s: the rule */
    TEXT_INLINE,       /* what an outcome of --inline is called there; %s: the outcome */
    TEXT_STAYS,        /* what --doctor says where a parent of the command stays */
    TEXT_WORKS,        /* the last line of --doctor */
    TEXT_FAILS,        /* the same, with what to do */
    TEXT_NEEDS_VALUE,  /* what is said of a wrong line; %s: the option */
    TEXT_NO_VALUE,     /* ... */
    TEXT_EMPTY_VALUE,  /* ... */
    TEXT_UNKNOWN,      /* ... */
    TEXT_NO_MECHANISM, /* ...; %s: the value */
    TEXT_NO_LEVEL,     /* ...; %s: the value */
    TEXT_NO_INLINE,    /* ...; %s: the value */
    TEXT_EXCLUDE,      /* --verbose and --quiet */
    TEXT_WITHOUT_LOG,  /* --log-level without --log-file */
    TEXT_NO_COMMAND,
    TEXT_LOG_FAULT,    /* what to do about a log file that cannot be written */
    TEXT_OUTPUT_FAULT, /* ... and about standard output */
    TEXT_COUNT,
};

struct held {
    const uint8_t *policy; /* a blob, checked */
    size_t policy_length;
    const char *texts[TEXT_COUNT];
};

/* The end of a bundle's file. */
struct held_end {
    const char *bytes;            /* a blob and then the texts, each with its NUL */
    uint64_t policy_length;       /* of the blob */
    uint64_t text_length, digest; /* of the texts; of both */
};

/* Was this program made a bundle? */
bool held_any(void);
/* Reads and verifies it. 0 or -1. Its memory is never freed. */
int held_read(struct held *held, struct failure *failure);
/* Verifies such an end, and finds its parts. 0 or -1. */
int held_verify(struct held *held, const struct held_end *end, struct failure *failure);
/* A text with `word` in the place of its "%s": never freed; the text itself if memory is short. */
const char *held_with(const char *text, const char *word);

#endif
