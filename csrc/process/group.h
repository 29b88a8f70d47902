/* group.h - who sends a signal to a process group. */
#ifndef SPOOF_GROUP_H
#define SPOOF_GROUP_H

#include <unistd.h>

/* Waits until each member of a group has what was sent to it: the sender holds the kernel's lock of
 * the task list as long. This call changes nothing, but needs that lock. */
static inline void group_wait_for_senders(void) {
    setpgid(0, getpgrp());
}

#endif
