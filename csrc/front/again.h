/* again.h - a start with the same words as an earlier one: without Node, as the supervisor at once.
 */
#ifndef SPOOF_AGAIN_H
#define SPOOF_AGAIN_H

#include <stdbool.h>

#define START_STAMP 192

/* What tells this state of the Node program from each other one. False: nothing does. */
bool start_stamp(const char *script, char stamp[START_STAMP]);
/* Becomes the supervisor's starter, if these words (the first is the verb) and every file that
 * counted are as they were when Node kept what it had made of them (src/run/again.ts); else it
 * returns, and nothing has happened. `script`: the Node program, `build`: its stamp. `state`: the
 * record of this process. */
void start_again(const char *script, const char *build, char **arguments, int count, int state);

#endif
