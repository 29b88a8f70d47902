/* name_code.h - code that looks into the set of names (names.h). */
#ifndef SPOOF_NAME_CODE_H
#define SPOOF_NAME_CODE_H

#include "../attended.h"
#include "../names.h"
#include "instructions.h"

struct names_test {
    enum path_argument path; /* its begin: in %rdi or %rsi */
    const struct names_place *names;
    /* Also those shorter than NAMES_TAIL, and with a slash at the end; and more of the end of a
     * path that the set has. Else such paths count as one of these. */
    bool closely;
};

/* Finds out whether a path may be one of these, with its end (the 0) in %r11; changes %rcx and
 * %rax. If so it goes to `candidate`, which lies before it; else on, behind it. */
void names_put_test(struct code *code, const struct names_test *test, uint32_t candidate);

/* What they share: whether the path with its end in %r11 ends as one of those at `ends`, as the
 * carry flag, and goes on where %rax says. Changes %rcx and %r11; 41 bytes. */
void names_put_look(struct code *code, uint64_t ends);

#endif
