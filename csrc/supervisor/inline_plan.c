/* inline_plan.c - makes the plan. Rule: as in its header. */
#include "inline_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/time.h>

#include "../probe/child.h"

/* Where nothing is mapped unless somebody asks for it, below all programs that may lie anywhere,
 * and where sanitizers let a program have memory; another page for each start, so that of two trees
 * neither takes the other's agent for its own. */
#define FIRST_AGENT 0x551000000000ULL
#define AGENT_DISTANCE 0x10000ULL

static bool refuses(const void *path, int with) {
    struct itimerval timer;
    const void *volatile place = path; /* which compilers know for wrong */
    return setitimer(AT_FDCWD, (const struct itimerval *)place, &timer) == -1 && errno == with;
}

/* Does setitimer(2) read before it refuses? A filter of who has started us may refuse it, too. */
static enum stage try_path(void *shared, int socket) {
    static const char path[32];
    (void)shared;
    (void)socket;
    return refuses(path, EINVAL) && refuses((const void *)1, EFAULT) ? STAGE_DONE : STAGE_WRONG;
}

const char *inline_plan_make(const uint8_t *policy, bool always, struct inline_plan *plan) {
    uint16_t place;
    const char *why = agent_refusal(policy);
    if (why)
        return why;
    if (agent_looks_at_opens(policy) && probe_one(try_path, NULL) != STAGE_DONE)
        return "setitimer(2), by which it is found out whether a path can be read, is refused";
    if (getrandom(&place, sizeof place, GRND_NONBLOCK) != sizeof place)
        return "the kernel gives no random number";
    *plan = (struct inline_plan){
        .address = FIRST_AGENT + place * AGENT_DISTANCE,
        .after = always ? 1 : CALLS_BEFORE_AGENT,
    };
    return NULL;
}
