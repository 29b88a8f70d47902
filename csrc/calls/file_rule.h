/* file_rule.h - which files rule holds for what a call names.
 * Rule: only a path that was resolved as the tracee would is ever matched; in doubt nothing is
 * found and the call is let run. */
#ifndef SPOOF_FILE_RULE_H
#define SPOOF_FILE_RULE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "../policy/blob.h"
#include "../tracee/lookup.h"
#include "../tracee/path_text.h"

struct found_file {
    const struct blob_file_rule *rule;
    uint32_t number;
    bool wants_directory;         /* a slash follows what is not there */
    bool is_parent;               /* a directory that the rule invents */
    int real;                     /* O_PATH: the real file, the lookup's; -1: there is none */
    int source;                   /* O_PATH: BLOB_FILE_SOURCE: what it is made of; else -1 */
    struct stat info;             /* of it */
    uint64_t filesystem;          /* content: the type that statfs says; 0: not known */
    char path[TRACEE_PATH_MAX];   /* absolute, in the tracee's root */
    char target[TRACEE_PATH_MAX]; /* SPOOF_FILE_REDIRECT: what is opened instead;
                                     BLOB_FILE_SOURCE: the path of the source */
};

/* Is what stands in its place a file of ours in memory, which nobody ever waits for? */
static inline bool found_in_memory(const struct found_file *found) {
    return !found->is_parent && !(found->rule->flags & BLOB_FILE_SOURCE) &&
           (found->rule->kind == SPOOF_FILE_CONTENT || found->rule->kind == SPOOF_FILE_GENERATED);
}

/* Could a path be about a files rule at all? As the program wrote it; costs no system call. */
bool file_rule_is_worthwhile(const uint8_t *policy, const char *path);
/* A lookup has given up: does a rule hold for the path, if it leads where it says? Then nothing may
 * be written there unseen. */
bool file_rule_may_hold(const uint8_t *policy, const char *path, const struct lookup *lookup);
/* The rule for what is named; `tells_filesystem`: and on which filesystem it lies. False: none
 * holds, and the lookup's fallback says if that is certain (FALLBACK_NONE). Either way the lookup
 * is the caller's, to lookup_close() after found_close() of what was found; its fd is -1 if the
 * rule held without a look. */
bool file_rule_find(struct stopped_call *call, const uint8_t *policy,
                    const struct lookup_request *request, bool tells_filesystem,
                    struct lookup *lookup, struct found_file *found);

static inline void found_close(const struct found_file *found) {
    if (found->source >= 0)
        close(found->source);
}

#endif
