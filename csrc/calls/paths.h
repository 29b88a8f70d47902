/* paths.h - what calls that name a file by its path are told of it: between paths.c, which reads
 * what they ask, and paths_answer.c, which knows the answers. */
#ifndef SPOOF_PATHS_H
#define SPOOF_PATHS_H

#include "calls.h"
#include "find.h"

/* What a call asks. */
struct path_question {
    struct look_request request;
    int flags;       /* AT_* */
    int mode;        /* access: R_OK and the like */
    uint32_t mask;   /* statx: STATX_* */
    uint64_t buffer; /* where the answer goes */
    int64_t size;    /* readlink: the room there; truncate: the length */
    char path[TRACEE_PATH_MAX];
};

/* What stands in the place of a file. */
struct stand_in {
    const struct found_file *found;
    int fd;
    bool lent;        /* the descriptor stays somebody else's */
    struct stat info; /* of it; of an invented directory: what it is to be like */
};

/* Does the real file say all? Of what is only rewritten it does, but for its size; and a link that
 * bears the name is not what open(2) finds. */
static inline bool stand_in_is_real(const struct found_file *found) {
    return found->rule->kind == SPOOF_FILE_REWRITE ||
           (found->real >= 0 && S_ISLNK(found->info.st_mode));
}
/* Finds what stands there: 0, or -errno, which the call returns; -EAGAIN: it cannot be told. If 0,
 * stand_in_close() it. */
int stand_in_open(struct stopped_call *call, const uint8_t *policy, const struct found_file *found,
                  struct stand_in *stand_in);
void stand_in_close(const struct stand_in *stand_in);

/* Has this kernel the call, and does it know the flags? If not, it says so itself. */
bool kernel_takes(struct stopped_call *call, const struct known_call *known,
                  const struct path_question *question);

/* What the call returns, when it has written what it writes; -EAGAIN, with *why. */
int64_t answer_stat(struct stopped_call *call, const struct known_call *known,
                    const struct path_question *question, const struct stand_in *stand_in,
                    enum fallback *why);
int64_t answer_statx(struct stopped_call *call, const struct path_question *question,
                     const struct stand_in *stand_in, enum fallback *why);
int64_t answer_access(struct stopped_call *call, const struct path_question *question,
                      const struct stand_in *stand_in, enum fallback *why);
int64_t answer_readlink(struct stopped_call *call, const struct path_question *question,
                        const struct stand_in *stand_in, enum fallback *why);
int64_t answer_truncate(struct stopped_call *call, const struct path_question *question,
                        const struct stand_in *stand_in, enum fallback *why);

#endif
