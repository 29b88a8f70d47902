/* parent_signals.h - signals that reach the parent, and are meant for the command. */
#ifndef SPOOF_PARENT_SIGNALS_H
#define SPOOF_PARENT_SIGNALS_H

#include <sys/types.h>

struct relay {
    pid_t command;
    int handle; /* its pidfd, or -1 (Linux before 5.3) */
    pid_t guardian;
};

/* Takes a pending signal, and passes it on unless the command has got it with its process group. */
void relay_signal(const struct relay *relay, int number);

/* Forks the witness: a process of our group that only notes what signals it gets. It also kills the
 * command if we are killed. */
void witness_begin(const struct relay *relay);
/* The parent has just sent itself this stop, which took its SIGCONT away: of both the witness still
 * has the group's. */
void witness_stops(int number);
/* Forgets what the witness has of a signal, after the parent's own was taken. If that is pending
 * again both may be of the group's next one, which then would be one for the parent alone. */
void witness_settle(int number);
/* Ends it: the command has ended. */
void witness_end(void);

#endif
