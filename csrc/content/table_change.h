/* change.h - text that is read instead of another, as all makers of such text give it.
 * Rule: no text means that nothing changes, so the real file can be left to the program. */
#ifndef SPOOF_CHANGE_H
#define SPOOF_CHANGE_H

#include <stddef.h>
#include <stdint.h>

struct table_change {
    char *text; /* malloc'ed, the caller's; NULL if nothing changes */
    size_t length;
    uint32_t lines; /* how many changed */
    uint32_t rule;  /* the rule that changed the first of them */
};

#endif
