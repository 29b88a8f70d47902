/* restricted.h - programs that may have restricted themselves by Landlock, landlock(7).
 * Rule: no thread of ours can take such a restriction on, and the kernel does not tell who has one;
 * so whoever may have one is never opened a file for. */
#ifndef SPOOF_RESTRICTED_H
#define SPOOF_RESTRICTED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct stopped_call;

#define RESTRICTED_MAX 64

/* Shared by all who serve a tree; all zero at first. */
struct restricted {
    _Atomic uint64_t since; /* the first one, in clock ticks since the boot; 0: nobody */
    struct programs {
        _Atomic uint32_t count; /* more than RESTRICTED_MAX: it may be anybody */
        struct {
            _Atomic pid_t process;
            _Atomic uint64_t start;
        } program[RESTRICTED_MAX];
    } restricted, reapers, parents; /* the last ones of those that are restricted */
    _Atomic bool privileged;        /* somebody did it without no_new_privs, by CAP_SYS_ADMIN */
};

/* The stopped call restricts who makes it, if it succeeds. */
void restricted_note(struct stopped_call *call);
/* ... makes it the parent of orphans, PR_SET_CHILD_SUBREAPER(2const). */
void restricted_note_reaper(struct stopped_call *call);
/* May who makes the call be restricted, by itself or by one that it descends from? */
bool restricted_may_be(struct stopped_call *call);

#endif
