/* trial.h - throw-away children of a probe. */
#ifndef SPOOF_TRIAL_H
#define SPOOF_TRIAL_H

#include <sys/types.h>

/* fork(2), but the child is killed when its time is up, whatever it does. */
pid_t trial_fork(void);
/* Waits for such a child: its exit status, or -1 if it was killed or `pid` is none. */
int trial_end(pid_t pid);

#endif
