/* name_code.h - code that looks into the set of names (names.h). */
#ifndef SPOOF_NAME_CODE_H
#define SPOOF_NAME_CODE_H

#include "../attended.h"
#include "../names.h"
#include "instructions.h"

struct names_test {
    enum path_argument path; /* its begin: in %rdi or %rsi */
    const struct names_place *names;
    bool short_too; /* paths shorter than NAMES_TAIL are looked at, and not taken for one of them */
};

/* Finds out whether a path may be one of these, with its end (the 0) in %r11; changes %rcx and
 * %rax. If so it goes to `candidate`, which lies before it; else on, behind it. */
void names_put_test(struct code *code, const struct names_test *test, uint32_t candidate);

#endif
