/* mounts.h - which of our mounts can be asked for statfs without sleeping.
 * Rule: only mounts that our own mountinfo names and whose type is known to answer from memory;
 * everything else may sleep. */
#ifndef SPOOF_MOUNTS_H
#define SPOOF_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct mounts;

/* Reads the table; NULL if there is none to read (then everything may sleep). */
struct mounts *mounts_open(void);
/* Reads it again. Only the thread that receives may do so, or ask what is not said to be for all.
 */
void mounts_read(struct mounts *mounts);
/* The table's descriptor, or -1: poll(2) reports POLLPRI once it has changed (proc(5)). */
int mounts_descriptor(const struct mounts *mounts);
/* Can even looking at an inode sleep here? True where a filesystem is mounted whose getattr asks
 * a server in spite of AT_STATX_DONT_SYNC. */
bool mounts_looks_sleep(const struct mounts *mounts);
/* Is an automount trigger mounted at this path of ours? To be asked before a step that is not in
 * the cache: only the program itself may wait there, or be the daemon that it waits for. */
bool mounts_is_trigger(const struct mounts *mounts, const char *path);
/* The table could not be read, for want of something of ours: the next time it may be. */
bool mounts_are_unknown(const struct mounts *mounts);
/* For all threads. */
bool mounts_have_triggers(const struct mounts *mounts);
/* The table that a tracee in another mount namespace has; free it with mounts_close(). */
struct mounts *mounts_of(int proc, int tid);
void mounts_close(struct mounts *mounts);
/* Does this mount answer statfs from memory? */
bool mounts_never_sleeps(const struct mounts *mounts, uint64_t mount_id);
/* Does whatever lies at this path of ours, if there are no links on the way? */
bool mounts_path_never_sleeps(const struct mounts *mounts, const char *path);
/* Does inotify(7) tell of whatever happens to it and to the directories above, by whomever? */
bool mounts_path_tells_changes(const struct mounts *mounts, const char *path);

#endif
