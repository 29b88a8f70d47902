/* path_answer.h - what calls that name a file by its path are told of it. */
#ifndef SPOOF_PATH_ANSWER_H
#define SPOOF_PATH_ANSWER_H

#include "../arch/call_table.h"
#include "../tracee/fallback.h"
#include "stand_in.h"

/* What a call asks. */
struct path_question {
    struct lookup_request request;
    int flags;       /* AT_* */
    int mode;        /* access: R_OK and the like */
    uint32_t mask;   /* statx: STATX_* */
    uint64_t buffer; /* where the answer goes */
    int64_t size;    /* readlink: the room there; truncate: the length */
    char path[TRACEE_PATH_MAX];
};

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
