/* state.h - what a process inherits and Node would change: recorded by front/front.c, restored by
 * `start`. Rule: the record is a memfd of raw bytes, written and read by the same program file. */
#ifndef SPOOF_STATE_H
#define SPOOF_STATE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <termios.h>

#include "failure.h"

#define STATE_MAGIC 0x54535353U
#define STATE_VERSION 1U
#define STATE_SIGNALS 64
#define STATE_TERMINALS 3
#define STATE_PENDING 64 /* pending signals that are kept */

struct state_descriptor {
    int32_t fd;
    int32_t status_flags; /* fcntl(F_GETFL): O_NONBLOCK and others */
};

/* The start of the record; the arrays and strings follow in the order of their counts. */
struct state {
    uint32_t magic, version;
    uint64_t length;          /* of the whole record, bytes */
    uint64_t ignored_signals; /* bit N-1: signal N */
    uint64_t blocked_signals;
    struct rlimit limits[RLIM_NLIMITS];
    struct termios terminals[STATE_TERMINALS];
    uint32_t has_terminal;  /* bit N: descriptor N was a terminal, its modes are in terminals[N] */
    int32_t directory;      /* descriptor of the working directory if it had to be left, or -1 */
    uint32_t pending_count; /* signals that were pending: sent again by `start` */
    siginfo_t pending[STATE_PENDING];
    uint32_t descriptor_count, argument_count, variable_count;
};

struct state_view {
    const struct state *state;
    const struct state_descriptor *descriptors;
    char **arguments; /* NULL-terminated */
    char **variables; /* NULL-terminated */
};

/* Records the state of this process with the given strings. The descriptor of the record (not
 * O_CLOEXEC, 3 or more), or -1. *directory: an O_PATH descriptor of the working directory if that
 * is deleted (the process is in / then), or -1. */
int state_record(char **arguments, char **variables, int *directory, struct failure *failure);
/* Reads a record. Its memory is never freed: the process becomes another program. */
int state_read(int fd, struct state_view *view, struct failure *failure);
/* The same of one in memory, at a multiple of 8 bytes: NULL, or what is wrong with it. `view` leads
 * into it. */
const char *state_parse(char *record, size_t length, struct state_view *view);
/* Restores working directory, terminal modes and descriptor flags, and closes every descriptor that
 * was not open then, except `keep` (or -1). */
int state_restore(const struct state_view *view, int keep, struct failure *failure);
int state_restore_limits(const struct state *state, struct failure *failure);
/* Restores ignored signals and, last of all, the blocked ones: the step before execve. */
void state_restore_signals(const struct state *state);

#endif
