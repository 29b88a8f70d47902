/* find.h - which files rule holds for what a call names, and what stands in its place.
 * Rule: only a path that was resolved as the tracee would is ever matched; in doubt nothing is
 * found and the call is let run. */
#ifndef SPOOF_FIND_H
#define SPOOF_FIND_H

#include <stdbool.h>
#include <sys/stat.h>

#include "../policy/blob.h"
#include "../tracee/tracee.h"

struct found_file {
    const struct blob_file_rule *rule;
    uint32_t number;
    bool wants_directory;         /* a slash follows what is not there */
    bool is_parent;               /* a directory that the rule invents */
    int real;                     /* O_PATH: the real file; -1: there is none */
    struct stat info;             /* of it */
    uint64_t filesystem;          /* content: the type that statfs says; 0: not known */
    char path[TRACEE_PATH_MAX];   /* absolute, in the tracee's root */
    char target[TRACEE_PATH_MAX]; /* SPOOF_FILE_REDIRECT: what is opened instead */
};

/* Is what stands in its place a file of ours in memory, which nobody ever waits for? */
static inline bool found_in_memory(const struct found_file *found) {
    return !found->is_parent &&
           (found->rule->kind == SPOOF_FILE_CONTENT || found->rule->kind == SPOOF_FILE_GENERATED);
}

/* Could a path be about a files rule at all? As the program wrote it; costs no system call. */
bool find_is_worthwhile(const uint8_t *policy, const char *path);
/* The rule for what is named; `tells_filesystem`: and on which filesystem it lies. False: none
 * holds, and *why says if that is certain (FALLBACK_NONE). True: find_release() it. */
bool find_file(struct stopped_call *call, const uint8_t *policy, const struct look_request *request,
               bool tells_filesystem, struct found_file *found, enum fallback *why);
void find_release(struct found_file *found);

/* What a program is to see in place of the file, for calls that tell of it: a descriptor (O_PATH or
 * readable, O_CLOEXEC), or -errno: what the call returns (-ENOENT, -EACCES, ...), but -EAGAIN: it
 * cannot be told, let it run. Steps aside before it may sleep. *lent: it stays somebody else's, for
 * the time of this call; otherwise the caller closes it. */
int find_stand_in(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                  bool *lent);

#endif
