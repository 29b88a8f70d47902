/* attend.h - a bundle's --stats: a parent that stays until the command ends. */
#ifndef SPOOF_ATTEND_H
#define SPOOF_ATTEND_H

#include "held.h"

/* Forks. Returns -1 in the child, which is to become the command; in the parent only when that has
 * ended, and what was counted in the segment is said: a status to end with, unless a signal ended
 * the command, which then ends this process, too. */
int attend(int segment, int log, const struct held *held);

#endif
