/* verdict.c - what handlers share about their verdicts. */
#include "verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void verdict_release(const struct verdict *verdict) {
    if (verdict->decision == DECISION_DELIVER)
        close(verdict->fd);
    else if (verdict->decision == DECISION_REPLACE_PATH)
        free(verdict->path);
}

int verdict_end(struct stopped_call *call, const struct verdict *verdict) {
    if (verdict->decision == DECISION_ANSWER)
        return call->mechanism->answer(call, verdict->value);
    verdict_release(verdict);
    return call->mechanism->let_run(call);
}

int answer_write(struct stopped_call *call, uint64_t address, const void *from, size_t length,
                 enum fallback *why) {
    const int error = call->mechanism->write(call, address, from, length);
    const bool told = error == 0 || error == -EFAULT;
    /* ESRCH: gone, or restarted, its memory is not ours to write. */
    *why = told || error == -ESRCH ? FALLBACK_NONE : FALLBACK_MEMORY;
    return told ? error : -EAGAIN;
}
