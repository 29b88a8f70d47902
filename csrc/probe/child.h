/* child.h - throw-away children of a probe. */
#ifndef SPOOF_PROBE_CHILD_H
#define SPOOF_PROBE_CHILD_H

#include <sys/types.h>

/* fork(2); the child is killed if this process ends. SIGCHLD has to be blocked, and not ignored. */
pid_t probe_child_fork(void);
/* Waits for such a child, but only some seconds: then it is killed. Its exit status, or -1 if it
 * was killed or `pid` is none. */
int probe_child_end(pid_t pid);

#endif
