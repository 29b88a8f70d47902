/* outcome.c - the texts of outcomes. */
#include "outcome.h"

static const char *const names[INLINE_COUNT] = {
    [INLINE_ENTERED] = "programs (what they answer themselves is not counted)",
    [INLINE_ANSWERED] = "places in them",
    [INLINE_STOPPED] = "stopped by a filter of a program",
    [INLINE_NOT_ALONE] = "left: threads, or memory of two processes",
    [INLINE_TOO_MANY] = "left: too many processes to prove it alone",
    [INLINE_FILTERED] = "left: a seccomp filter of its own",
    [INLINE_CANCELLED] = "left: opens of a C library, with threads",
    [INLINE_TRACED] = "left: traced",
    [INLINE_OTHER_CODE] = "left: code that is not known",
    [INLINE_NO_ROOM] = "left: no room behind the code",
    [INLINE_NO_PAGE] = "left: no page for the agent",
    [INLINE_NO_ACCESS] = "left: memory or /proc not accessible",
    [INLINE_BUSY] = "left: nobody had time for it",
};

const char *inline_outcome_name(enum inline_outcome outcome) {
    return outcome < INLINE_COUNT ? names[outcome] : "unknown";
}
