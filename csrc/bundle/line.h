/* line.h - the command line of a bundle. */
#ifndef SPOOF_LINE_H
#define SPOOF_LINE_H

#include <stdbool.h>

#include "held.h"

enum line_task { TASK_RUN, TASK_SHOW, TASK_DOCTOR, TASK_HELP, TASK_VERSION };

struct line {
    enum line_task task;
    const char *mechanism, *inlined, *log_file, *log_level; /* log_file: or NULL */
    bool stay, stats, verbose, quiet;
    int first; /* where the command starts among the arguments */
};

/* Reads it as `exec` does. 0 or -1. */
int line_read(int count, char **arguments, const struct held *held, struct line *line,
              struct failure *failure);

#endif
