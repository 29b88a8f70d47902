/* remembered.h - paths that were looked up before, and would be found just as they were.
 * Rule: only on filesystems that tell of every change (inotify(7)), only for who was kept out of no
 * directory, and only until the first sign of a change of one of the directories or of mounts. */
#ifndef SPOOF_REMEMBERED_H
#define SPOOF_REMEMBERED_H

#include "tracee.h"

struct remembered;

/* What is known of a path, which is its own name: no look has to be made. */
struct remembered_path {
    bool missing;        /* its directory is there, and it is not */
    uint64_t filesystem; /* the type on which it lies, or would; 0: nobody has asked */
};

/* Room for the thread that receives; NULL: nothing is ever remembered. */
struct remembered *remembered_new(void);
/* For poll(2): readable once something has changed. -1: nothing is remembered now. */
int remembered_descriptor(const struct remembered *remembered);
/* Something may have changed. */
void remembered_check(struct remembered *remembered);
/* Mounts have changed. */
void remembered_forget(struct remembered *remembered);

/* NULL: it has to be looked up. Valid until the next call of one of these. */
const struct remembered_path *remembered_find(struct stopped_call *call,
                                              const struct look_request *request);
/* What a look has found in this very call, by its plain path; `path` says it. After some looks it
 * will be remembered. */
void remembered_note(struct stopped_call *call, const struct look_request *request,
                     const struct look *look, uint64_t filesystem);

#endif
