/* program.h - how the program of a tracee is called. */
#ifndef SPOOF_PROGRAM_H
#define SPOOF_PROGRAM_H

#include <sys/types.h>

#define PROGRAM_NAME 64

struct context;

/* The last part of the path of the file that the thread executes, cut to fit; empty if /proc does
 * not say. */
void program_name(const struct context *context, pid_t tid, char name[PROGRAM_NAME]);

#endif
