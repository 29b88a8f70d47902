/* processor.h - on which processors code of programs has been changed, over and over, by our tests.
 * Rule: another one may keep the same promises; it is not assumed. */
#ifndef SPOOF_PROCESSOR_H
#define SPOOF_PROCESSOR_H

#include <stdbool.h>

struct processor {
    char name[48]; /* the maker and the family, as in /proc/cpuinfo */
    bool is_proved;
};

void processor_examine(struct processor *processor);

#endif
