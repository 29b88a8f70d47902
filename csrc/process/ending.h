/* ending.h - ends as another process has ended. */
#ifndef SPOOF_ENDING_H
#define SPOOF_ENDING_H

/* Of a status of wait(2): the status to exit with. If a signal ended it, that signal ends this
 * process first, without a second core dump, unless this is PID 1 of a pid namespace. */
int end_like(int status);

#endif
