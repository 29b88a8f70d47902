/* outcome.h - what became of programs that were to answer calls by themselves.
 * Rule: nothing is tried without being counted, and a reason is said in a few words. */
#ifndef SPOOF_OUTCOME_H
#define SPOOF_OUTCOME_H

enum inline_outcome {
    INLINE_ENTERED,  /* a program got the agent */
    INLINE_ANSWERED, /* a place that makes calls leads to it */
    INLINE_STOPPED,  /* a program's agent was told to answer no more */
    /* From here on: why one was left as it is. */
    INLINE_NOT_ALONE,  /* it has threads, or shares its memory with another process */
    INLINE_TOO_MANY,   /* processes: nobody knows whether it shares its memory with one */
    INLINE_FILTERED,   /* it has a seccomp filter of its own */
    INLINE_CANCELLED,  /* an open in which one of its threads could be cancelled */
    INLINE_TRACED,     /* a debugger has it */
    INLINE_OTHER_CODE, /* the call was made by code that is not known */
    INLINE_NO_ROOM,    /* ... behind which there is no room */
    INLINE_NO_PAGE,    /* the agent's page cannot be had */
    INLINE_NO_ACCESS,  /* its memory, or /proc entries, cannot be used */
    INLINE_BUSY,       /* all threads of ours wait for something, or it is another program's turn */
    INLINE_COUNT,
    INLINE_BOOTING, /* one more call, and it is there: not counted */
    INLINE_NOTHING, /* nothing was to be done: not counted */
    INLINE_DONE,    /* it is done, as it was before: not counted */
};

/* In a few words, for reports. */
const char *inline_outcome_name(enum inline_outcome outcome);

#endif
