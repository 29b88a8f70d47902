/* start.h - the supervisor's verb that becomes the command. */
#ifndef SPOOF_START_H
#define SPOOF_START_H

/* Takes the arguments behind its name; returns an exit status, or never. docs/architecture.md
 * describes it. */
int verb_start(int count, char **arguments);

#endif
