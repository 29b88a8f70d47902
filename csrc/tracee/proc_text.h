/* proc_text.h - small files of procfs as text. */
#ifndef SPOOF_PROC_TEXT_H
#define SPOOF_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads what a file below a directory begins with: up to `capacity` - 1 bytes, and a NUL behind
 * them. How many, or -errno, when the text is empty. */
ssize_t proc_text(int directory, const char *name, char *text, size_t capacity);
/* The same for an entry of a thread: "status". `proc` is a procfs. */
ssize_t proc_text_of(int proc, pid_t tid, const char *entry, char *text, size_t capacity);
/* What follows a field ("\nUid:") in the text of /proc/TID/status, or NULL. What a program is
 * called is no field, whatever stands in it: gVisor writes newlines of it as they are. */
const char *proc_status_field(const char *status, const char *field);

/* A soft limit of /proc/TID/limits ("\nMax open files"), in its unit; RLIM_INFINITY: none. False:
 * it is not told. */
bool proc_soft_limit(int proc, pid_t tid, const char *name, uint64_t *limit);

#define STATUS_VALUE 512

struct status_value {
    const char *name;        /* "SigIgn:" */
    char text[STATUS_VALUE]; /* what follows it; empty: it is not there */
};

/* The same, one line after the other, for what may stand behind a long list of groups. `tid`: or
 * "self", of the procfs on /proc. */
void proc_status_values(const char *tid, struct status_value *values, size_t count);
/* A number of it; -1: it is not there. */
int proc_status_number(const char *tid, const char *name);
/* The id of the process of a thread; 0: there is no such thread. */
pid_t proc_leader(pid_t tid);

#endif
