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
/* The parent has just sent itself this stop, which took its SIGCONT away; the witness keeps both.
 */
void witness_stops(int number);
void witness_goes_on(int number);
/* Ends it: the command has ended. */
void witness_end(void);

#endif
