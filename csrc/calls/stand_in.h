/* stand_in.h - what stands in the place of a file that a files rule names. */
#ifndef SPOOF_STAND_IN_H
#define SPOOF_STAND_IN_H

#include <sys/stat.h>

#include "file_rule.h"

struct stand_in {
    const struct found_file *found;
    int fd;           /* O_PATH or readable, O_CLOEXEC */
    bool lent;        /* the descriptor stays somebody else's, for the time of this call */
    struct stat info; /* of it; of an invented directory: what it is to be like */
};

/* Does the real file say all? Of what is only rewritten it does, but for its size; and a link that
 * bears the name is not what open(2) finds. */
static inline bool stand_in_is_real(const struct found_file *found) {
    return found->rule->kind == SPOOF_FILE_REWRITE ||
           (found->real >= 0 && S_ISLNK(found->info.st_mode));
}
/* A descriptor of it, or -errno: what the call returns (-ENOENT, -EACCES, ...), but -EAGAIN: it
 * cannot be told, let it run. Steps aside before it may sleep. *lent as above. */
int stand_in_fd(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                bool *lent);
/* The same of a redirect's target. `flags`: those of open(2) that it is looked up for. */
int stand_in_target(struct stopped_call *call, const struct found_file *found, int flags);
/* The same, and what it is like: 0, or -errno as above. If 0, stand_in_close() it. */
int stand_in_open(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                  struct stand_in *stand_in);
void stand_in_close(const struct stand_in *stand_in);

#endif
